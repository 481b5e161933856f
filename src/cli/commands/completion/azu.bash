# Completes azu's commands in bash. Made by `azu completion bash`.

_azu() {
    # Bash splits words at : and =, as in session:clear. The parts of a word have no blanks between.
    local rest=${COMP_LINE:0:COMP_POINT} part blanks last
    local -a words=()
    for part in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        blanks=${rest%%[![:blank:]]*}
        rest=${rest:${#blanks}}
        if [[ ${#part} -gt ${#rest} ]]; then part=$rest; fi # the cursor is within the word
        rest=${rest:${#part}}
        last=$((${#words[@]} - 1))
        if [[ $last -lt 0 || -n $blanks ]]; then words+=("$part"); else words[last]+=$part; fi
    done

    # The words are as typed. They are not evaluated: that could run a command in them.
    words=("${words[@]//[\"\'\\]/}")
    last=$((${#words[@]} - 1))
    local current=${words[last]}

    local kind candidate typed
    # What bash is going to replace may be only the end of the current word.
    typed=${2//[\"\'\\]/}
    local kept=${current%"$typed"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ -z $kind ]]; then
            kind=$candidate
            continue
        fi
        candidate=${candidate%%$'\t'*}
        candidate=${candidate#"$kept"}
        if [[ $candidate == *[!A-Za-z0-9_.:=,/@%+-]* ]]; then
            printf -v candidate %q "$candidate"
        fi
        COMPREPLY+=("$candidate")
    done < <({
        # A config with an endless loop must not keep the shell waiting.
        ulimit -t 3
        "$1" complete --current="$current" -- "${words[@]:1:last-1}"
    } 2>/dev/null </dev/null)
    case $kind in
        files) compopt -o default ;;
        folders) compopt -o dirnames ;;
    esac
}

complete -F _azu azu
