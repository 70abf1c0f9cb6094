# SPDX-License-Identifier: MIT
# Completion of ddnsctl(1) in bash. Verbs, their operands and options are those that `ddnsctl --help` tells, so that nothing can be
# forgotten here; names of zones and backends come from the database, if the user may read it.

# The operands of a verb, as in the table of --help.
_ddnsctl_operands() {
        ddnsctl --help 2>/dev/null | sed -n '/^Verbs:/,$p' | awk -v verb="$1" '$1 == verb {
                for (i = 2; i <= NF && $i ~ /^\[?[A-Z]/; i++) { gsub(/[^A-Z]/, "", $i); print $i }
        }'
}

# compgen -W expands what it is given as a shell does, so nothing else gets there than what names are made of.
_ddnsctl_names() {
        awk '$1 ~ /^[A-Za-z0-9._-]+$/ { print $1 }'
}

_ddnsctl_zones() {
        ddnsctl --no-legend zones "$1*" 2>/dev/null | _ddnsctl_names
}

_ddnsctl_backends() {
        ddnsctl --no-legend backends 2>/dev/null | _ddnsctl_names
}

_ddnsctl() {
        local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' operand=-1 i operands
        local IFS=$' \t\n'
        COMPREPLY=()

        # bash makes words of "--backend", "=" and the name.
        if [[ $previous == = && ${COMP_WORDS[COMP_CWORD - 2]} == --backend ]] || [[ $previous == --backend && $cur == = ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(_ddnsctl_backends)" -- "${cur#=}")
                return
        fi
        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(ddnsctl --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u)" -- "$cur")
                return
        fi
        for ((i = 1; i < COMP_CWORD; i++)); do
                [[ ${COMP_WORDS[i]} == -* || ${COMP_WORDS[i]} == = || ${COMP_WORDS[i - 1]} == = ]] && continue
                [[ -n $verb ]] || verb=${COMP_WORDS[i]}
                operand=$((operand + 1))
        done
        if [[ -z $verb ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(ddnsctl --help 2>/dev/null | sed -n '/^Verbs:/,$p' | awk '/^  / { print $1 }')" -- "$cur")
                return
        fi

        mapfile -t operands < <(_ddnsctl_operands "$verb")
        ((${#operands[@]} > 0)) || return
        # The last one may stand more than once.
        ((operand < ${#operands[@]})) || operand=$((${#operands[@]} - 1))
        case ${operands[operand]} in
        ZONE | PATTERN) mapfile -t COMPREPLY < <(compgen -W "$(_ddnsctl_zones "$cur")" -- "$cur") ;;
        BACKEND) mapfile -t COMPREPLY < <(compgen -W "$(_ddnsctl_backends)" -- "$cur") ;;
        FILE) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        esac
}

complete -F _ddnsctl ddnsctl
