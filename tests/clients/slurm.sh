#!/bin/sh
# The unmodified Slurm on the simulated driver: munged, slurmctld and slurmd on a node of two MIG
# devices. slurmd finds them by itself, two jobs get one each, a third waits for one; migctl says who.
#
# All of it runs in process and mount namespaces of its own (slurm_node), which end with this script.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/clients/checks

libraries=$CLIENTS/usr/lib/$(uname -m)-linux-gnu
plugins=$libraries/slurm-wlm
# Slurm 22.05 takes the size from memorySizeMB: 40192 and 19968 MiB, to the nearest GiB.
types="nvidia_a100_3g.39gb nvidia_a100_2g.20gb"

# lacking: what is not here, in words; nothing where all is.
lacking() {
	for program in usr/sbin/munged usr/sbin/slurmd-wlm usr/sbin/slurmctld-wlm usr/sbin/slurmstepd-wlm \
		usr/bin/sbatch; do
		[ -x "$CLIENTS/$program" ] || { echo "it was not fetched: there is no $CLIENTS/$program"; return; }
	done
	[ -e "$plugins/gpu_nvml.so" ] || { echo "slurm-wlm-nvml-plugin was not fetched"; return; }
	absent=$(for file in "$CLIENTS"/usr/sbin/munged "$CLIENTS"/usr/sbin/slurm*-wlm "$CLIENTS/usr/bin/sbatch"; do
		LD_LIBRARY_PATH=$libraries:$plugins ldd "$file"
	done | awk '/not found/ { print $1 }' | sort -u | tr '\n' ' ')
	[ -z "$absent" ] || { echo "libraries that it links are not here: $absent"; return; }
	grep -q ' /sys/fs/cgroup' /proc/mounts || { echo "slurmd wants /sys/fs/cgroup to be mounted"; return; }
	[ "$(id -u)" -eq 0 ] || { echo "slurmd and the mounts want root"; return; }
	unshare --mount --pid --uts --fork --mount-proc true 2>"$work/unshare" ||
		echo "namespaces may not be made here: $(tail -n 1 "$work/unshare")"
}

# free_ports: two TCP ports that nobody listens on.
free_ports() {
	/usr/bin/python3 -c '
import socket
held = [socket.socket() for _ in range(2)]
for s in held:
    s.bind(("", 0))
print(*(s.getsockname()[1] for s in held))'
}

# node: slurm_node in namespaces of its own. Whatever it started is killed with it.
node() {
	# shellcheck disable=SC2046 # two ports
	timeout -s KILL 60 unshare --mount --pid --uts --fork --kill-child --mount-proc \
		migctl sim exec slurm --root --keep-proc -- tests/clients/slurm_node \
		"$work/slurm" "$CLIENTS" "$types" $(free_ports) >"$work/node.out" 2>&1
}

# said KEY: what slurm_node reported under it, sorted.
said() {
	sed -n "s/^$1: //p" "$work/node.out" | sort
}

# devices: "GI CI UUID PROFILE" of each MIG device, as migctl sees them.
devices() {
	migctl --sim slurm status 2>/dev/null | awk '$NF ~ /^MIG-/ { sub("@.*", "", $2); print $3, $4, $NF, $2 }'
}

# What slurmd -G must find. The minors are the driver's: 3 + 9 GI, and one more for the first CI.
expected_gres() {
	devices | awk '{
		type = $4 == "3g.40gb" ? "3g.39gb" : "2g.20gb"
		gi = 3 + 9 * $1
		printf "nvidia_a100_%s 1 /dev/nvidia0,/dev/nvidia-caps/nvidia-cap%d,", type, gi
		printf "/dev/nvidia-caps/nvidia-cap%d\n", gi + 1 + $2
	}' | sort
}

check() {
	same "slurmd -G: type, count and files of each MIG device" "slurmd -G" \
		"$(expected_gres)" "$(said gres)"
	same "two jobs get the two MIG devices" "sbatch --gres=gpu:1 (twice)" \
		"$(devices | awk '{ print $3 }' | sort)" "$(said job)"
	same "migctl who names the job of each, and what ends it" "migctl who --json" \
		"$(said told)" "$(said who)"
	same "a node that Slurm does not know is said" "SLURMD_NODENAME=elsewhere migctl who" \
		"allocations of Slurm: scontrol ended with status 1: Node elsewhere not found" \
		"$(said lost)"
	same "a third job waits while both are taken" "sbatch --gres=gpu:1; squeue" \
		"PENDING Resources" "$(said third)"
	same "it runs on the device of the job that ends" "scancel; squeue" \
		"$(said freed | grep . || echo "a job that ended")" "$(said third-job)"
	same "without slurmctld its allocations are unknown" "kill slurmctld; migctl who" \
		"allocations of Slurm" "$(said gone | sed 's/ because .*//')"
	[ $failures -eq 0 ] || { echo "  slurm_node said:"; tail -n 60 "$work/node.out" | sed 's/^/  /'; }
}

reason=$(lacking)
if [ -n "$reason" ]; then
	skip slurm "$reason"
	exit 0
fi
machine slurm A100-SXM4-80GB || exit 1
if ! { migctl --sim slurm enable && migctl --sim slurm create 3g.40gb 2g.20gb; } >"$work/cut" 2>&1; then
	failed "slurm's machine is cut" "migctl create 3g.40gb 2g.20gb" "status 0" "$(cat "$work/cut")"
	exit 1
fi
mkdir "$work/slurm"
node
check
finish
