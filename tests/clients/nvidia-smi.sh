#!/bin/sh
# The unmodified nvidia-smi 535 on the simulated driver: every command of a capture of it, and
# the ways people use it. tests/clients/nvidia-smi-535.out holds what it prints here, numbers
# and all; --update rewrites it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/clients/checks
. tests/clients/replay

nvidia_smi=$CLIENTS/usr/lib/nvidia/current/nvidia-smi
golden=tests/clients/nvidia-smi-535.out

# smi MACHINE ARG...
smi() {
	in=$1
	shift
	migctl sim exec "$in" -- "$nvidia_smi" "$@"
}

# prints NAME WANT MACHINE ARG...: all it prints, and its status.
prints() {
	name=$1
	want=$2
	shift 2
	got=$(status_of smi "$@")
	shift
	same "$name" "nvidia-smi $*" "$want" "$got"
}

# created PROFILE NAME ID...: what -cgi answers.
created() {
	profile=$1
	name=$2
	shift 2
	for id; do
		printf 'Successfully created GPU instance ID %2d on GPU  0 using profile MIG %s (ID %2d)\n' \
			"$id" "$name" "$profile"
	done
}

# gpu_instances MACHINE: their ids, as -lgi lists them.
gpu_instances() {
	smi "$1" mig -lgi | awk '$1 == "|" && $3 == "MIG" { print $6 }'
}

# --- the numbers -----------------------------------------------------------------------------

# The transcript fixed what does not depend on the simulator; this fixes the rest.
check_golden() {
	# What contradicts the transcript is not written down as right.
	if [ "${1-}" = --update ] && [ $failures -eq 0 ]; then
		cp "$work/golden" "$golden"
	fi
	if diff -u "$golden" "$work/golden" >"$work/diff"; then
		ok "$golden"
	else
		failures=$((failures + 1))
		sed 's/^/  /' "$work/diff"
		echo "FAILED $golden (where this is right: tests/clients/nvidia-smi.sh --update)"
	fi
}

# --- the usual workflow ------------------------------------------------------------------------

# create MACHINE WHAT PROFILES WANT: -cgi on an empty GPU; then one compute instance each with
# -cci, as -L must show them; then all destroyed.
create() {
	prints "$1: -cgi $3" "$4
[exit 0]" "$1" mig -cgi "$3"
	for id in $(gpu_instances "$1"); do
		smi "$1" mig -gi "$id" -cci >"$work/cci" 2>&1 ||
			failed "$1: -cci in $id" "nvidia-smi mig -gi $id -cci" "status 0" "$(cat "$work/cci")"
	done
	same "$1: -L has what -cgi $3 made" "nvidia-smi -L" "$2" \
		"$(smi "$1" -L | sed -n 's/^  MIG \([^ ]*\) *Device .*(UUID: MIG-.*/\1/p' | tr '\n' ' ')"
	{ smi "$1" mig -dci && smi "$1" mig -dgi; } >"$work/destroy" 2>&1 ||
		failed "$1: -dci, -dgi" "nvidia-smi mig -dci; nvidia-smi mig -dgi" "status 0" "$(cat "$work/destroy")"
}

# workflow MACHINE TYPE ONES THREES MIX PROFILES NAMES: ids of seven 1g, of two 3g, of a 3g and
# two 2g; what -lgip lists as NAME=ID:FREE/TOTAL; the names of the mix.
workflow() {
	machine "$1" "$2" || return 0
	prints "$1: -mig 1" "Enabled MIG Mode for GPU 00000000:07:00.0
All done.
[exit 0]" "$1" -mig 1
	prints "$1: mig.mode.current" "mig.mode.current
Enabled
[exit 0]" "$1" --query-gpu=mig.mode.current --format=csv
	same "$1: -lgip" "nvidia-smi mig -lgip" "$6" \
		"$(smi "$1" mig -lgip | awk '$3 == "MIG" { printf "%s=%s:%s ", $4, $5, $6 }')"
	# shellcheck disable=SC2086 # lists of ids
	{
		create "$1" "1g.10gb 1g.10gb 1g.10gb 1g.10gb 1g.10gb 1g.10gb 1g.10gb " \
			19,19,19,19,19,19,19 "$(created 19 1g.10gb $3)"
		create "$1" "3g.40gb 3g.40gb " 9,9 "$(created 9 3g.40gb $4)"
		create "$1" "$7" 9,14,14 \
			"$(created 9 3g.40gb ${5%% *}; created 14 2g.20gb ${5#* })"
	}
	disable "$1"
}

# disable MACHINE: refused while an instance is there.
disable() {
	smi "$1" mig -cgi 19 >"$work/disable" 2>&1
	prints "$1: -mig 0 with an instance" \
		"Unable to disable MIG Mode for GPU 00000000:07:00.0: In use by another client
Terminating early due to previous errors.
[exit 19]" "$1" -mig 0
	smi "$1" mig -dgi >>"$work/disable" 2>&1
	prints "$1: -mig 0" "Disabled MIG Mode for GPU 00000000:07:00.0
All done.
[exit 0]" "$1" -mig 0
	prints "$1: mig.mode.current at the end" "mig.mode.current
Disabled
[exit 0]" "$1" --query-gpu=mig.mode.current --format=csv
}

# Ids by rule M2 and the two orientations: docs/SIMULATOR.md, "Ids" and "Allocation".
check_workflow() {
	a100="1g.10gb=19:7/7 1g.10gb+me=20:1/1 1g.20gb=15:4/4 2g.20gb=14:3/3 3g.40gb=9:2/2 4g.40gb=5:1/1 7g.80gb=0:1/1 "
	mix="3g.40gb 2g.20gb 2g.20gb "
	for type in A100-SXM4-80GB H100-SXM5-80GB; do
		workflow "$type" $type "13 11 12 7 8 9 10" "2 1" "2 3 4" "$a100" "$mix"
		workflow "$type-mirrored" $type@mirrored "9 7 8 11 12 13 14" "1 2" "1 5 6" "$a100" "$mix"
	done
}

# --- places --------------------------------------------------------------------------------------

# Where the user says, and everywhere that -lgipp says it may be.
check_places() {
	machine place A100-SXM4-80GB && smi place -mig 1 >"$work/place" 2>&1 || return 0
	prints "-lgipp" "GPU  0 Profile ID 19 Placements: {0,1,2,3,4,5,6}:1
GPU  0 Profile ID 20 Placements: {0,1,2,3,4,5,6}:1
GPU  0 Profile ID 15 Placements: {0,2,4,6}:2
GPU  0 Profile ID 14 Placements: {0,2,4}:2
GPU  0 Profile ID  9 Placements: {0,4}:4
GPU  0 Profile ID  5 Placement : {0}:4
GPU  0 Profile ID  0 Placement : {0}:8
[exit 0]" place mig -lgipp
	prints "-cgi with places" "$(created 9 3g.40gb 1; created 14 2g.20gb 5; created 19 1g.10gb 13)
[exit 0]" place mig -cgi 9:0,MIG\ 2g.20gb:4,1g.10gb:6
	prints "-cgi where something stands" \
		"Unable to create a GPU instance on GPU  0 using profile 19:4: Insufficient Resources
Failed to create GPU instances: Insufficient Resources
[exit 23]" place mig -cgi 19:4
}

# --- help ----------------------------------------------------------------------------------------

# It comes from nvidia-smi alone, but only once NVML has started and a GPU has been found.
check_help() {
	machine help A100-SXM4-80GB || return 0
	smi help mig >"$work/help" 2>&1
	same "mig alone prints help" "nvidia-smi mig" \
		"0: -h -i -gi -ci -lgip -lgipp -C -cgi -dgi -lgi -lcip -lcipp -cci -dci -lci" \
		"$?:$(sed -n 's/^ *\[\(-[a-zA-Z]*\) |.*/ \1/p' "$work/help" | tr -d '\n')"
}

# --- every GPU type ------------------------------------------------------------------------------

# On the newest driver: the smallest profile, made and shown in the table.
check_type() {
	migctl sim new gaps --gpus "$1" --assume >"$work/gaps" 2>&1
	status=$?
	rm -rf "${MIGCTL_SIM_DIR:?}/gaps"
	# Too little of it was published for any rule to fill: no such machine is ever made.
	if grep -q 'cannot be simulated' "$work/gaps"; then
		same "$1 is refused" "migctl sim new gaps --gpus $1 --assume" 11 "$status"
		return 0
	fi
	machine type "$1" --assume || return 0
	smi type -mig 1 >"$work/type" 2>&1
	id=$(smi type mig -lgip | awk '$3 == "MIG" { print $5; exit }')
	smi type mig -cgi "$id" -C >>"$work/type" 2>&1
	same "$1: a MIG device of profile $id" "nvidia-smi mig -cgi $id -C; nvidia-smi -L; nvidia-smi" \
		"1 listed, 1 in the table" \
		"$(smi type -L | grep -c '^  MIG .* Device  0: ') listed, $(smi type | grep -c '^|  0 .*MiB') in the table"
}

check_types() {
	for file in data/gpu/*.yaml; do
		file=${file##*/}
		check_type "${file%.yaml}"
	done
}

# --- many GPUs -------------------------------------------------------------------------------

# Two to a GPU on the even ones of eight, none on the odd ones.
make_node() {
	machine node 4xA100-SXM4-80GB,4xH100-SXM5-80GB &&
		smi node -mig 1 >"$work/node" 2>&1 &&
		smi node mig -i 0,2,4,6 -cgi 9,14 -C >>"$work/node" 2>&1 && return 0
	failed "a node of 8 GPUs" "nvidia-smi mig -i 0,2,4,6 -cgi 9,14 -C" "status 0" "$(cat "$work/node")"
	return 1
}

# What XML says of each MIG device: GPU:index:GI:CI:SMs:memory.
xml_devices() {
	smi node -q -x | python3 -c '
import sys, xml.etree.ElementTree as tree
for n, gpu in enumerate(tree.fromstring(sys.stdin.read()).findall("gpu")):
    for mig in gpu.iter("mig_device"):
        print(n, *(mig.find(path).text for path in ("index", "gpu_instance_id", "compute_instance_id",
              "device_attributes/shared/multiprocessor_count", "fb_memory_usage/total")), sep=":")'
}

two_each() {
	for gpu in 0 2; do printf '%s\n' "$gpu:0:2:0:42:40192 MiB" "$gpu:1:3:0:28:19968 MiB"; done
	for gpu in 4 6; do printf '%s\n' "$gpu:0:2:0:60:40448 MiB" "$gpu:1:3:0:32:20096 MiB"; done
}

# The plain table: a row for each GPU and for each MIG device.
table_rows() {
	smi node | awk '/NVIDIA (A|H)100/ { print "gpu", $2 }
		/^\|  [0-9] / && NF > 15 { print "mig", $2, $3, $4, $5 }'
}

all_rows() {
	for gpu in 0 1 2 3 4 5 6 7; do echo "gpu $gpu"; done
	for gpu in 0 2 4 6; do printf '%s\n' "mig $gpu 2 0 0" "mig $gpu 3 0 1"; done
}

check_node() {
	make_node || return 0
	same "-q -x holds every MIG device" "nvidia-smi -q -x" "$(two_each)" "$(xml_devices 2>&1)"
	same "-q holds every MIG device" "nvidia-smi -q" "status 0, 8 GPUs, 8 MIG devices" \
		"$(smi node -q >"$work/q" 2>&1; echo "status $?, $(grep -c '^GPU 0000' "$work/q") GPUs," \
			"$(grep -c '^    MIG Device' "$work/q") MIG devices")"
	same "a table of 8 GPUs and their MIG devices" "nvidia-smi" "$(all_rows)" "$(table_rows)"
	check_topology
}

# The rows of topo -m, of MACHINE with GPUS: "GPU0 X NV12".
topology() {
	smi "$1" topo -m 2>&1 | awk -v n="$2" '/^GPU[0-9]/ {
		row = $1
		for (i = 2; i <= n + 1; i++)
			row = row " " $i
		print row
	}'
}

# From board to board it is the fewer links of the two.
check_topology() {
	same "topo -m of 8 GPUs" "nvidia-smi topo -m" \
		"GPU0 X NV12 NV12 NV12 NV12 NV12 NV12 NV12" "$(topology node 8 | head -n 1)"
	same "topo -m of 8 GPUs has a row for each" "nvidia-smi topo -m" 8 "$(topology node 8 | wc -l)"
	same "topo -c lists the GPUs near a processor" "nvidia-smi topo -c 0" "0, 1, 2, 3, 4, 5, 6, 7" \
		"$(smi node topo -c 0 2>&1 | grep '^0')"
	same "nvlink -s lists the links of a GPU" "nvidia-smi nvlink -s -i 0" "12 links, 25 GB/s" \
		"$(smi node nvlink -s -i 0 2>&1 | grep -c 'Link.*: 25 GB/s') links, 25 GB/s"
	same "nvlink -s lists those of a later one" "nvidia-smi nvlink -s -i 4" "18 links, 26.562 GB/s" \
		"$(smi node nvlink -s -i 4 2>&1 | grep -c 'Link.*: 26.562 GB/s') links, 26.562 GB/s"
	machine lone A100-SXM4-80GB || return 0
	smi lone topo -m >"$work/topo" 2>&1
	same "topo -m of one GPU" "nvidia-smi topo -m" "status 0, GPU0 X" \
		"status $?, $(awk '$1 == "GPU0" { print $1, $2 }' "$work/topo")"
	machine pci 2xA30 || return 0
	same "topo -m of GPUs without links" "nvidia-smi topo -m" "GPU0 X NODE
GPU1 NODE X" "$(topology pci 2)"
}

# -------------------------------------------------------------------------------------------------

if [ ! -x "$nvidia_smi" ]; then
	skip nvidia-smi "it was not fetched: there is no $nvidia_smi"
	exit 0
fi
replay data/captures/nvidia-smi-535.transcript
check_golden "$@"
check_workflow
check_places
check_help
check_types
check_node
finish
