# Completes azu's commands in fish. Made by `azu completion fish`.

function __azu_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # A config with an endless loop must not keep the shell waiting.
    set -l lines (sh -c 'ulimit -t 3; exec "$@"' sh \
        $words[1] complete --current="$current" -- $words[2..] 2>/dev/null </dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path (string replace -r -- '^--[^=]*=' '' $current)
        case folders
            __fish_complete_directories (string replace -r -- '^--[^=]*=' '' $current)
        case values
            test (count $lines) -gt 1; and printf '%s\n' $lines[2..]
    end
end

complete -c azu -e
complete -c azu -f -k -a '(__azu_complete)'
