#compdef ddnsctl
# SPDX-License-Identifier: MIT
# Completion of ddnsctl(1) in zsh. As in ddnsctl.bash, verbs, operands and options are those that `ddnsctl --help` tells; names of zones
# and backends come from the database and are only ever data.

# Lines "NAME" of what names are made of.
_ddnsctl_names() {
        local -a names
        names=(${(f)"$(ddnsctl --no-legend "$@" 2>/dev/null | awk '$1 ~ /^[A-Za-z0-9._-]+$/ { print $1 }')"})
        (($#names)) && compadd -a names
}

_ddnsctl() {
        local help verb='' option
        local -a verbs options operands
        local -i i operand=-1

        help="$(ddnsctl --help 2>/dev/null)"
        if [[ $PREFIX == --backend=* ]]; then
                compset -P '*='
                _ddnsctl_names backends
                return
        fi
        if [[ $PREFIX == --*file=* || $PREFIX == --config=* ]]; then
                compset -P '*='
                _files
                return
        fi
        if [[ $PREFIX == -* ]]; then
                options=(${(f)"$(print -r -- "$help" | grep -o -- '--[a-z][a-z-]*' | sort -u)"})
                compadd -a options
                return
        fi
        if [[ ${words[CURRENT - 1]} == --backend ]]; then
                _ddnsctl_names backends
                return
        fi
        for ((i = 2; i < CURRENT; i++)); do
                [[ ${words[i]} == -* || ${words[i - 1]} == --backend ]] && continue
                [[ -n $verb ]] || verb=${words[i]}
                ((operand++))
        done
        if [[ -z $verb ]]; then
                verbs=(${(f)"$(print -r -- "$help" | sed -n '/^Verbs:/,$p' | awk '/^  / { print $1 }')"})
                compadd -a verbs
                return
        fi

        operands=(${(f)"$(print -r -- "$help" | sed -n '/^Verbs:/,$p' | awk -v verb="$verb" '$1 == verb {
                for (i = 2; i <= NF && $i ~ /^\[?[A-Z]/; i++) { gsub(/[^A-Z]/, "", $i); print $i }
        }')"})
        (($#operands)) || return
        # The last one may stand more than once.
        ((operand < $#operands)) || operand=$(($#operands - 1))
        case ${operands[operand + 1]} in
        ZONE | PATTERN) _ddnsctl_names zones "${PREFIX//[^A-Za-z0-9._-]/}*" ;;
        BACKEND) _ddnsctl_names backends ;;
        FILE) _files ;;
        esac
}

_ddnsctl "$@"
