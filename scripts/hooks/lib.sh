# shellcheck shell=bash
# What hooks share. Sourced with `set -uo pipefail`; the contract is in README.md.

# The contract's exit codes, for the hook.
# shellcheck disable=SC2034
readonly transient=10 permanent=11 unsupported=12 busy=13

# leave CODE WORDS: the words are what people will read.
leave() {
  printf '%s\n' "${*:2}" >&2
  exit "$1"
}

# need NAME...: settings that must be there.
need() {
  local name
  for name in "$@"; do
    [[ -n ${!name-} ]] || leave "$permanent" "setting $name is missing"
  done
}

# need_file NAME: a setting that names a file that can be read.
need_file() {
  need "$1"
  [[ -r ${!1} ]] || leave "$permanent" "$1: cannot read ${!1}"
}

# need_program PROGRAM PACKAGE
need_program() {
  command -v "$1" >/dev/null || leave "$permanent" "no program $1 here; install the Debian package $2"
}

# wait_for WORD COMMAND...: until the command prints the word, at most until the contract's deadline.
wait_for() {
  local wanted=$1 until=$(( ${KV_DEADLINE:-$(( $(date +%s) + 60 ))} - 2 )) seen=
  shift
  while seen=$("$@") || true; [[ $seen != "$wanted" ]]; do
    (( $(date +%s) < until )) || leave "$transient" "wanted $wanted, it is ${seen:-unknown}"
    sleep 0.3
  done
}

# endless_input: standard input that stays open and holds what is typed on the console.
endless_input() {
  if [[ -p ${KV_CONSOLE_INPUT-} ]]; then
    exec <>"$KV_CONSOLE_INPUT"
  else
    exec < <(sleep infinity)
  fi
}
