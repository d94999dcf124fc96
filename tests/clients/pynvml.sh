#!/bin/sh
# The unmodified python3-pynvml on the simulated driver: a GPU's life in Python (pynvml_life.py),
# and what it measures (pynvml_telemetry.py).
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/clients/checks

packages=$CLIENTS/usr/lib/python3/dist-packages
python=/usr/bin/python3
if [ ! -e "$packages/pynvml.py" ]; then
	skip pynvml "it was not fetched: there is no $packages/pynvml.py"
	exit 0
fi
if [ ! -x $python ]; then
	skip pynvml "there is no $python"
	exit 0
fi
export PYTHONPATH="$packages" PYTHONDONTWRITEBYTECODE=1

# The script prints its own lines; whoever ends it early has failed too.
# check SCRIPT NAME GPUS
check() {
	script=$1
	shift
	machine "$1" "$2" || return 0
	migctl sim exec "$1" -- $python "tests/clients/$script" "$1" >"$work/$1.out" 2>&1
	status=$?
	cat "$work/$1.out"
	[ $status -eq 0 ] && return 0
	failures=$((failures + 1))
	grep -q '^FAILED ' "$work/$1.out" || echo "FAILED $script on $2 (status $status)"
}

check pynvml_life.py a100 2xA100-SXM4-80GB
check pynvml_life.py a100-mirrored 2xA100-SXM4-80GB@mirrored
check pynvml_life.py h100 2xH100-SXM5-80GB
check pynvml_telemetry.py busy-a100 1xA100-SXM4-80GB
check pynvml_telemetry.py busy-h100 1xH100-SXM5-80GB
finish
