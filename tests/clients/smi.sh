#!/bin/sh
# migctl smi beside the unmodified nvidia-smi 535: the same commands on two machines that are
# alike must print the same bytes and end with the same status. Dates, and the banner's own
# version, are masked.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/clients/checks

nvidia_smi=$CLIENTS/usr/lib/nvidia/current/nvidia-smi
[ -x "$nvidia_smi" ] || {
	skip smi "nvidia-smi was not fetched: there is no $nvidia_smi"
	exit 0
}
mkdir "$work/theirs" "$work/ours"
n_equal=0
n_odd=0
as= # who runs both: nobody, or the one that runs this

# alike NAME GPUS: two machines with one seed.
alike() {
	on=$1
	for side in theirs ours; do
		MIGCTL_SIM_DIR=$work/$side migctl sim new "$on" --gpus "$2" --seed 9 --assume \
			>"$work/new" 2>&1 && continue
		failed "machine $on" "migctl sim new $on --gpus $2" "a machine" "$(cat "$work/new")"
		return 1
	done
}

masked() {
	sed -E 's/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}/DATE/
		s/(NVIDIA-SMI) [0-9.]+ */\1 VERSION /; s/<timestamp>.*</<timestamp></'
}

# their and our ARG...: what is printed, and the status.
their() {
	MIGCTL_SIM_DIR=$work/theirs migctl sim exec "$on" -- $as "$nvidia_smi" "$@" 2>/dev/null
	echo "[exit $?]"
}

our() {
	MIGCTL_SIM_DIR=$work/ours $as migctl --sim "$on" smi "$@" 2>/dev/null
	echo "[exit $?]"
}

# both ARG...: one command, by both.
both() {
	their "$@" | masked >"$work/their"
	our "$@" | masked >"$work/our"
	if cmp -s "$work/their" "$work/our"; then
		n_equal=$((n_equal + 1))
		return 0
	fi
	n_odd=$((n_odd + 1))
	failed "$on: $*" "migctl --sim $on smi $*" "$(cat "$work/their")" "$(cat "$work/our")"
}

# each LINE...: both, with each line's words.
each() {
	for line; do
		eval "both $line"
	done
}

# Every command of the transcript to which the driver answers as it does when all is well.
transcript() {
	mkdir "$work/transcript"
	awk -v into="$work/transcript" -f tests/clients/split.awk data/captures/nvidia-smi-535.transcript
	alike transcript A100-SXM4-80GB || return
	for file in "$work"/transcript/*.args; do
		[ ! -s "${file%.args}.nvml" ] || continue
		# Help is nvidia-smi's own prose, which is refused here.
		[ "$(cat "$file")" = " mig" ] || [ "$(cat "$file")" = " mig " ] || eval "both $(cat "$file")"
	done
}

# What -q -x says of MIG is equal; what else it says is a part of theirs, in their order.
xml() {
	their -q -x | masked >"$work/their"
	our -q -x | masked >"$work/our"
	same "$on: -q -x has the same MIG part" "migctl --sim $on smi -q -x" \
		"$(sed -n '/<mig_mode>/,/<\/mig_devices>/p' "$work/their")" \
		"$(sed -n '/<mig_mode>/,/<\/mig_devices>/p' "$work/our")"
	same "$on: -q -x has nothing that nvidia-smi has not" "migctl --sim $on smi -q -x" "" \
		"$(diff "$work/their" "$work/our" | grep '^>')"
}

# TYPE: each profile alone, then several, and what is inside them.
type_life() {
	alike "$(echo "$1" | tr -dc A-Za-z0-9)" "2x$1" || return
	each -L "-i 1 -mig 1" "" "mig -lgip" "-mig 1" "" "mig -lgip" "mig -lgipp" "mig -lgi"
	for profile in 19 20 15 14 9 6 5 0 47 3g.48gb 1g.12gb+gfx 1g.10gb+me; do
		each "mig -cgi $profile -C" "mig -lgi" "mig -lcip" "mig -dci" "mig -dgi"
	done
	each "mig -cgi 9,14,19 -C" "mig -cgi 5,5,14 -C" "mig -lcip" "mig -lcipp" "mig -lci" -L "" \
		"--query-gpu=index,memory.used,memory.free,mig.mode.current --format=csv" \
		"mig -lgip" "mig -dci" "mig -cci 0" "mig -cci 0" "mig -cci 1" "mig -lci" -L "" \
		"mig -cci" "mig -dgi"
	xml
	each "mig -dci" "mig -dgi" "-mig 0" "" "mig -lgi"
}

# Eight GPUs, a part of them cut.
node() {
	alike node 4xA100-SXM4-80GB,4xH100-SXM5-80GB || return
	each -L "-i 0,2,4,6 -mig 1" "" "mig -i 0,2 -cgi 9,14 -C" "mig -lgi" "mig -lgip -i 1" \
		"mig -lci" "mig -i 1 -lgi" "mig -i 4 -lci" "mig -lcip" -L "" "-i 2" "-i '0, 2'" \
		"mig -cgi 9,9 -C" -L "" "mig -dci -ci 0 -gi 2" "mig -dgi -gi 2" "mig -lgi" \
		"mig -cgi 19 -i 4 -lgi" "mig -lci -lgi" "mig -lgip -lgi"
	xml
	each "mig -dci" "mig -dgi" "-mig 0" \
		"--query-gpu=gpu_name,gpu_uuid,gpu_bus_id,gpu_serial --format=csv"
}

all=index,name,uuid,serial,pci.bus_id,driver_version,memory.total,memory.used,memory.free
all=$all,mig.mode.current,mig.mode.pending,utilization.gpu,temperature.gpu,power.draw

# What it is asked wrongly, and how it says so.
words() {
	alike words 2xA100-SXM4-80GB || return
	for fields in $all name,,index "'name, index'" '' foo; do
		each "--query-gpu=$fields --format=csv" "--query-gpu=$fields --format=csv,noheader" \
			"--query-gpu=$fields --format=csv,nounits,noheader -i 1"
	done
	each foo -foo --foo -L\ foo -L\ -L "-L -i 0" "-L -mig 1" "-q -x foo" -x -i -mig "-mig 2" \
		"-mig 1 -eom" "-i --query-gpu=name --format=csv" "-mig=1" "--multi-instance-gpu=0" "--list-gpus" "--query-gpu=name" \
		"--query-gpu --format=csv" "--query-gpu=name --format=xml" --format=csv \
		"--query-gpu=name --format=csv,foo" "--query-gpu=name --format=noheader" \
		"--query-gpu=name --format=csv -i 5" "-i 3" "mig foo" "mig -foo" "mig -lgi -foo" \
		"mig -i" "mig -gi" "mig -cgi" "mig -C" "-mig 1" "mig -C" "mig -cgi 9,14 -C" \
		"mig -cgi=19" "mig -cgi -C" "mig -lgi=1" "mig -lgi -gi 2" "mig -lci -gi 2,3" \
		"mig -lci -gi 2 -ci 7" "mig -dci -gi 2,x" "mig -gi 2" "mig -gi 44 -lcip" \
		"mig -gi 44 -lcipp" "mig --list-gpu-instances" "mig --id=0 -lgi" "mig --id 1 -lgi" \
		"mig -i 0,7 -lgi" "mig -i GPU-x -lgi" "mig -lgi -lgi" "mig -cgi 19:99" "mig -cci -C"
}

# The second of three GPUs fell off the bus, and is named or not.
lost() {
	alike lost 3xA100-SXM4-80GB || return
	each "-i 0 -mig 1" "mig -i 0 -cgi 9 -C"
	for side in theirs ours; do
		MIGCTL_SIM_DIR=$work/$side migctl sim lost lost 1 >"$work/lost" 2>&1
	done
	uuid=$(MIGCTL_SIM_DIR=$work/ours migctl --sim lost smi -L | sed -n '1s/.*UUID: \(.*\))/\1/p')
	each "" -L "-q -x" "--query-gpu=index --format=csv" "mig -lgi" "mig -lgip" "mig -lgipp" "mig -lci" \
		"mig -lcip" "mig -lcipp" "mig -cgi 19" "mig -cci" "mig -dci" "mig -dgi" "mig -C" "-mig 0" \
		"-i 0" "-i 1" "-i 2" "-i 9" "-i 0,1" "-i 1,9" "-i 9,1" "-i $uuid" "-i $uuid,1" "-i 1,$uuid" \
		"mig -i 0 -lgi" "mig -i 0 -lgip" "mig -i 0,1 -lgi" "mig -i $uuid -lgi" "mig -i 1 -cgi 19" \
		"mig -i 0 -cgi 19 -C" "-i 2 -mig 1" "-i 1 -mig 1" "--query-gpu=index --format=csv -i 2"
}

# What a user without privilege is told.
unprivileged() {
	nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
	if [ "$(id -u)" -ne 0 ] || ! $nobody test -x "$nvidia_smi" -a -x "$BUILD/bin/migctl" 2>/dev/null; then
		skip "smi without privilege" "root is needed to give it up, and a build that others may read"
		return 0
	fi
	alike unprivileged 2xA100-SXM4-80GB || return
	each "-i 0 -mig 1" "mig -cgi 9,14 -C"
	chmod -R a+rX "$work/theirs" "$work/ours"
	as=$nobody
	each "" -L "mig -lgi" "mig -lgip" "mig -lgipp" "mig -lci" "mig -lcip" "mig -lcipp" "mig -dgi" \
		"mig -dci" "mig -cgi 9" "mig -cci" "mig -C" "-mig 1" "-mig 0"
	as=
}

transcript
unprivileged
node
for type in A100-SXM4-40GB@mirrored H100-SXM5-80GB H100-SXM5-80GB@mirrored A30 \
	RTX-PRO-6000-Blackwell B200-180GB; do
	type_life "$type"
done
lost
words
same "migctl smi prints nvidia-smi's bytes: $n_equal commands equal" "migctl smi" 0 "$n_odd"
finish
