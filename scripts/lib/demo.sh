# shellcheck shell=bash
# What the demo and the tests on the demo's history share. Sourced; expects `set -euo pipefail`.
# Sets: tree, home, and the functions below. All that is made lies under $home and can be deleted.

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
home=${XDG_CACHE_HOME:-$HOME/.cache}/kverdict/demo
started=$SECONDS

say() { printf '%s: [%3ds] %s\n' "$(basename "$0")" "$((SECONDS - started))" "$*" >&2; }
die() { say "$*"; exit 2; }

# need_number NAME VALUE LEAST
need_number() {
  [[ $2 =~ ^[0-9]{1,9}$ ]] || die "$1 '$2' is not a whole number"
  (( 10#$2 >= $3 )) || die "$1 $2: at least $3"
}

# alone NAME COMMAND...: one at a time, also when a killed demo left one running.
alone() {
  local lock=$home/$1.lock
  shift
  flock "$lock" "$@"
}

# Compiles what the product needs, in $home/product, and says where the program is.
build_product() {
  local out=$home/product
  cmake -S "$tree" -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=Release >"$home/cmake.log" 2>&1 ||
    die "cmake failed: $(tail -n 5 "$home/cmake.log")"
  NINJA_STATUS='[%f/%t, %e s] ' alone build ninja -C "$out" kverdict guest_programs 2>&1 | stdbuf -oL tee "$home/ninja.log" |
    progress_of_ninja >&2 || die "compiling kverdict failed: $(tail -n 20 "$home/ninja.log")"
}

# On a terminal all lines on one; elsewhere each tenth.
progress_of_ninja() {
  if [[ -t 2 ]]; then
    awk '{printf "\r\033[K%.100s", $0; fflush()} END {print ""}'
  else
    awk 'NR % 10 == 0 {print; fflush()} {last = $0} END {print last}'
  fi
}

product() {
  local found
  found=$(find "$home/product" -maxdepth 3 -type f -name kverdict -perm -u+x | head -n 1)
  [[ -n $found ]] || die "kverdict is not built"
  printf '%s\n' "$found"
}

# make_history SEED COMMITS BUG [OPTION...]: makes the folder that holds repo and answer, with these options of
# make-history; made once, kept.
# Its name holds a sum of what makes histories: another version makes another one.
history_folder() {
  local sum
  sum=$(cat "$tree"/scripts/lab/make-history "$tree"/scripts/lab/kernel_history/*.py | cksum | cut -d' ' -f1)
  printf '%s/history-%s-%s-%s%s-%s\n' "$home" "$3" "$1" "$2" "${4-}" "$sum"
}
make_history() {
  local folder
  folder=$(history_folder "$@")
  mkdir -p "$folder"
  # shellcheck disable=SC2016  # expanded by the inner shell
  alone history bash -c '[[ -e $1 ]] || exec "${@:2}"' - "$folder/repo" \
    "$tree/scripts/lab/make-history" "$folder/repo" --seed "$1" --commits "$2" --bug "$3" --answer "$folder/answer" "${@:4}"
}

# session_config REPO BUG [SLOTS]: the session's configuration, on standard output.
session_config() {
  cat <<EOF
schema = 1

[source]
repo = "$1"
good = ["v0-good"]
bad = "v1-bad"

[build]
base = "allnoconfig"
fragments = ["$tree/configs/kernel/tiny-x86_64.fragment"]
target = "vmlinux"

[target]
slots = ${3:-1}
nics = [{ model = "e1000", link = "wire" }, { model = "e1000", link = "wire" }]

[bisect]
method = "$(method_for "$2")"

[[workload]]
$(workload_of "$2")

[run]
state = "$home/state"
EOF
}

# What shows only sometimes needs the method that can live with it.
method_for() {
  case $1 in
    *-rare) echo bayes ;;
    *) echo classic ;;
  esac
}

workload_of() {
  case $1 in
    tcp-*) printf 'kind = "churn"\nduration = "5s"\n' ;;
    *) printf 'kind = "iperf"\nduration = "3s"\nparameters = { direction = "up", streams = "1", megabytes = "32" }\n' ;;
  esac
}

# The commit a finished run names on its standard output; empty when it names none.
culprit_in() { sed -n 's/^\([0-9a-f]\{40\}\) is the first bad commit$/\1/p' "$1" | tail -n 1; }
