#compdef azu
# Completes azu's commands in zsh. Made by `azu completion zsh`.

_azu() {
    local line
    local -a lines items
    # The words are unquoted, but not evaluated: that could run a command in them.
    # A config with an endless loop must not keep the shell waiting.
    lines=("${(@f)$({
        ulimit -t 3
        "${(Q)words[1]}" complete --current="${(Q)PREFIX}" -- "${(@Q)words[2,CURRENT-1]}"
    } 2>/dev/null </dev/null)}")
    case $lines[1] in
        files)
            compset -P '--*='
            _files
            ;;
        folders)
            compset -P '--*='
            _files -/
            ;;
        values)
            for line in "${(@)lines[2,-1]}"; do
                # _describe takes value:description, with \: for a colon in them.
                items+=("${${line//:/\\:}/$'\t'/:}")
            done
            _describe azu items
            ;;
    esac
}

# As a file in $fpath, this is the body of _azu.
if [[ $funcstack[1] == _azu ]]; then
    _azu "$@"
else
    compdef _azu azu
fi
