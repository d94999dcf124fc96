#!/bin/sh
# The unmodified nvtop on the simulated driver: it draws its screen, with the GPU's name and
# memory, a busy GPU's power limit and load, and stays alive until it is told to go.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/clients/checks

nvtop=$CLIENTS/usr/bin/nvtop
if [ ! -x "$nvtop" ]; then
	skip nvtop "it was not fetched: there is no $nvtop"
	exit 0
fi
if ! command -v script >/dev/null; then
	skip nvtop "there is no script(1) to give it a terminal"
	exit 0
fi

# screen MACHINE: what it drew on a terminal of its own in a moment, and its status: 124, it
# was still there.
screen() {
	LD_LIBRARY_PATH="$CLIENTS/usr/lib/x86_64-linux-gnu" TERM=xterm XDG_CONFIG_HOME="$work" \
		migctl sim exec "$1" -- script -qec "stty rows 40 cols 120; timeout --foreground 2 $nvtop -d 1 -C" \
		"$work/screen" </dev/null >"$work/out" 2>&1
	screen_status=$?
}

# draws NAME TEXT: is it on the screen?
draws() {
	if grep -qaF "$2" "$work/screen"; then
		ok "$1"
	else
		failed "$1" "nvtop -d 1 -C" "$2" "$(tr -cd '[:print:]\n' <"$work/screen" | tail -n 40)"
	fi
}

check_type() {
	machine "$1" "1x$1" || return 0
	migctl sim tenant "$1" --device 0 --memory 20GiB --sm 80% --dram 60% -- sleep 60 &
	tenant=$!
	screen "$1"
	kill $tenant
	wait $tenant 2>/dev/null
	same "nvtop on $1 lives until it is told to go" "nvtop -d 1 -C" 124 "$screen_status"
	draws "nvtop on $1 names the GPU" "$2"
	draws "nvtop on $1 shows its load" "80%"
	draws "nvtop on $1 shows its memory" "$3"
	draws "nvtop on $1 shows its power limit" "$4"
}

check_type A100-SXM4-80GB "NVIDIA A100-SXM4-80GB" "80.000Gi" "400 W"
check_type H100-SXM5-80GB "NVIDIA H100 80GB HBM3" "79.647Gi" "700 W"
finish
