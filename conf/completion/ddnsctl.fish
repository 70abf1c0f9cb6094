# SPDX-License-Identifier: MIT
# Completion of ddnsctl(1) in fish. As in ddnsctl.bash, verbs, operands and options are those that `ddnsctl --help` tells; names of zones
# and backends come from the database and are only ever data.

function __ddnsctl_names
    command ddnsctl --no-legend $argv 2>/dev/null | awk '$1 ~ /^[A-Za-z0-9._-]+$/ { print $1 }'
end

# The words before the cursor that are no options: the verb and its operands.
function __ddnsctl_words
    set -l words (commandline -opc)
    set -l before ''
    for word in $words[2..-1]
        if not string match -q -- '-*' $word; and test "$before" != --backend
            echo $word
        end
        set before $word
    end
end

function __ddnsctl_verbs
    test (count (__ddnsctl_words)) -eq 0; or return
    command ddnsctl --help 2>/dev/null | sed -n '/^Verbs:/,$p' | awk '/^  / { print $1 }'
end

function __ddnsctl_operands
    set -l words (__ddnsctl_words)
    test (count $words) -gt 0; or return
    set -l operands (command ddnsctl --help 2>/dev/null | sed -n '/^Verbs:/,$p' | awk -v verb="$words[1]" '$1 == verb {
        for (i = 2; i <= NF && $i ~ /^\[?[A-Z]/; i++) { gsub(/[^A-Z]/, "", $i); print $i }
    }')
    test (count $operands) -gt 0; or return
    # The last one may stand more than once.
    set -l place (math min (count $words), (count $operands))
    switch $operands[$place]
        case ZONE PATTERN
            __ddnsctl_names zones (string replace -ar '[^A-Za-z0-9._-]' '' -- (commandline -ct))'*'
        case BACKEND
            __ddnsctl_names backends
        case FILE
            __fish_complete_path (commandline -ct)
    end
end

# Options, with the word for a value that some take.
for line in (command ddnsctl --help 2>/dev/null | string match -r -- '--[a-z][a-z-]*=?' | string trim)
    set -l name (string replace -r -- '^--([a-z-]*)=?$' '$1' $line)
    switch $line
        case '--backend='
            complete -c ddnsctl -l backend -x -a '(__ddnsctl_names backends)'
        case '--*file=' '--config='
            complete -c ddnsctl -l $name -r
        case '*='
            complete -c ddnsctl -l $name -x
        case '*'
            complete -c ddnsctl -l $name
    end
end
complete -c ddnsctl -f -a '(__ddnsctl_verbs)'
complete -c ddnsctl -f -a '(__ddnsctl_operands)'
