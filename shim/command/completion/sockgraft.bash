# shellcheck shell=bash
# Completion of sockgraft(1) for bash. What there is to complete is read from the command's own help, so a new option or
# key needs nothing here.

# _sockgraft_words: the command line as words, up to the cursor. bash splits at "=", ":" and "@", which stand within ours.
_sockgraft_words() {
	local rest=${COMP_LINE:0:COMP_POINT} i blanks
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blanks=${rest%%[![:blank:]]*} rest=${rest#"${rest%%[![:blank:]]*}"}
		[ "$i" -gt 0 ] && [ -z "$blanks" ] || words+=("")
		if [ "$i" = "$COMP_CWORD" ]; then
			words[${#words[@]} - 1]+=$rest
		else
			words[${#words[@]} - 1]+=${COMP_WORDS[i]}
			rest=${rest#"${COMP_WORDS[i]}"}
		fi
	done
}

# _sockgraft_options TEXT: notes in `takes` what each option in it takes: "[-f FILE]", "-f, --file FILE".
_sockgraft_options() {
	local text=$1 option
	local form='(^|[^A-Za-z-])(--?[a-z][a-z-]*)(, (--[a-z][a-z-]*))?( ([A-Z]+))?'
	while [[ $text =~ $form ]]; do
		for option in "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]}"; do
			[ -z "$option" ] || takes[$option]=${takes[$option]:-${BASH_REMATCH[6]}}
		done
		text=${text#*"${BASH_REMATCH[0]}"}
	done
}

# _sockgraft_help_line LINE: "  -f, --file FILE   rules from a file", or several options with two blanks between them.
_sockgraft_help_line() {
	local rest=$1 one
	while [[ $rest == *"  -"* ]]; do
		rest=${rest#*"  -"}
		one=-${rest%%  *}
		_sockgraft_options "${one%%:*}"
	done
}

# _sockgraft_read_help SUBCOMMAND: what each option takes, and what stands behind them.
_sockgraft_read_help() {
	local line usage='' keys='' key
	while IFS= read -r line; do
		case $line in
		"usage: "*) usage=${line#usage: sockgraft } ;;
		"  --KEY "*) keys=yes ;;
		"  -"*) _sockgraft_help_line "$line" ;;
		esac
	done < <("$sockgraft" help "$1" 2>/dev/null)
	[[ $usage == "$1 "* ]] || return
	_sockgraft_options "${usage#"$1"}"
	positional=$(sed -E 's/\[-[^][]*(\[[^]]*\])?[^][]*\]//g' <<<"${usage#"$1"}")
	[ -n "$keys" ] || return
	while read -r key line; do
		[[ $key != --* ]] || takes[$key]=$line
	done < <("$sockgraft" help keys)
}

# _sockgraft_subcommands MORE...
_sockgraft_subcommands() {
	"$sockgraft" help | sed -nE 's/^  ([a-z]+) .*/\1/p'
	printf '%s\n' "$@"
}

_sockgraft_interfaces() {
	sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev
}

# But for those that every host is a member of by itself.
_sockgraft_groups() {
	PATH=$PATH:/usr/sbin:/sbin ip maddress 2>/dev/null |
		awk '$1 ~ /^inet/ && $2 !~ /^(224\.0\.0\.1|ff0[12]::1(:ff.*)?)$/ { print $2 }' | sort -u
}

_sockgraft_processes() {
	local names
	printf '%s\n' /proc/[0-9]*/ | cut -d / -f 3
	mapfile -t names < <(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)
	printf '%q\n' "${names[@]}"
}

# _sockgraft_offer WORDS [PREFIX]: those, a line each, that go on from the current word, of which PREFIX is done already.
# Not by compgen -W, which would expand what a process calls itself.
_sockgraft_offer() {
	local offered prefix=${2-}
	while IFS= read -r offered; do
		[[ -z $offered || $prefix$offered != "$word"* ]] || COMPREPLY+=("$prefix$offered")
	done <<<"$1"
}

# "10.0.0.5@239.1.1.1%eth0+eth1,239.1.1.2": the part that the word ends with.
_sockgraft_membership() {
	local last=${word##*,}
	compopt -o nospace
	if [[ $last == *%* ]]; then
		_sockgraft_offer "$(_sockgraft_interfaces)" "${word%"${last##*[%+]}"}"
	else
		_sockgraft_offer "$(_sockgraft_groups)" "${word%"${last##*[@!+]}"}"
	fi
}

# _sockgraft_value WHAT: the placeholder of an option, or what a key's help says of its value.
_sockgraft_value() {
	case $1 in
	membership* | G | GROUP*) _sockgraft_membership ;;
	interface* | "an interface"* | IFACE* | INTERFACE*)
		_sockgraft_offer "$(_sockgraft_interfaces)" "${word%"${word##*[+,]}"}" ;;
	*PID*) _sockgraft_offer "$(_sockgraft_processes)" ;;
	FILE* | "a path") compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	"patterns of program names") mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;
	*) # "auto, any, group, keep, ADDRESS[:PORT]": those that are words
		_sockgraft_offer "$(tr , '\n' <<<"$1" | sed -nE 's/^ *([a-z]+)$/\1/p')" ;;
	esac
}

# _sockgraft_program NUMBER: another command's completion, from that word on.
_sockgraft_program() {
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif [ "$1" = $((${#words[@]} - 1)) ] && [[ $word != */* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$word")
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

# Sets `at` to the first word that is no option and belongs to none, and `value_of` to the option whose value the last
# one is.
_sockgraft_walk() {
	value_of=
	for ((at = 2; at < ${#words[@]} - 1; at++)); do
		case ${words[at]} in
		--) at=$((at + 1)) && return ;;
		-*=*) ;;
		-*)
			[ -n "${takes[${words[at]}]-}" ] || continue
			value_of=${words[at]}
			[ $((++at)) = $((${#words[@]} - 1)) ] && return
			value_of= ;;
		*) [[ $positional != *PROGRAM* ]] || return 0 ;;
		esac
	done
}

_sockgraft_subcommand() {
	local -A takes=()
	local positional='' at value_of
	_sockgraft_read_help "${words[1]}"
	_sockgraft_walk
	if [ -n "$value_of" ]; then
		_sockgraft_value "${takes[$value_of]}"
	elif [[ $at = $((${#words[@]} - 1)) && ${words[at - 1]} != -- && $word == --*=* ]]; then
		local option=${word%%=*} whole=$word
		word=${word#*=}
		_sockgraft_value "${takes[$option]-}"
		word=$whole COMPREPLY=("${COMPREPLY[@]/#/"$option="}")
	elif [[ $at = $((${#words[@]} - 1)) && ${words[at - 1]} != -- && $word == -* ]]; then
		_sockgraft_offer "$(printf '%s\n' "${!takes[@]}" --help)"
	elif [[ $positional == *PROGRAM* ]]; then
		_sockgraft_program "$at"
	else
		_sockgraft_value "${positional//[][ .]/}"
	fi
}

# bash puts the replies in place of what is behind the last of COMP_WORDBREAKS, not of the whole word; of these "@" is
# replaced too, as it begins the name of a host.
_sockgraft_cut() {
	local last=${word##*["$COMP_WORDBREAKS"]}
	local kept=${word%"$last"}
	COMPREPLY=("${COMPREPLY[@]#"${kept%@}"}")
}

_sockgraft() {
	local words word quote='' sockgraft
	_sockgraft_words
	word=${words[${#words[@]} - 1]} sockgraft=${words[0]/#\~/$HOME}
	COMPREPLY=()
	case $word in
	[\'\"]*) quote=${word:0:1} word=${word:1} ;;
	esac
	if [ ${#words[@]} = 2 ]; then
		_sockgraft_offer "$(_sockgraft_subcommands help --help --version)"
	elif [ "${words[1]}" = help ]; then
		_sockgraft_offer "$(_sockgraft_subcommands keys)"
	else
		_sockgraft_subcommand
	fi
	[ -n "$quote" ] || _sockgraft_cut
}

complete -F _sockgraft sockgraft
