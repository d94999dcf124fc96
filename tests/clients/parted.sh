#!/bin/sh
# The unmodified nvidia-mig-parted on the simulated driver, and migctl parted beside it: the same
# stdout, exit statuses and machines, and each reads the other's files.
#
# Debian does not have mig-parted, and ./dev clients does not fetch it: MIG_PARTED names its
# program, of version 0.15, where somebody has built it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/clients/checks

parted=${MIG_PARTED:-$CLIENTS/usr/bin/nvidia-mig-parted}
if [ ! -x "$parted" ]; then
	# Nothing that could be had is left out: it is no part of what ./dev clients fetches.
	echo "(nvidia-mig-parted is in no Debian package; MIG_PARTED=PROGRAM $0 compares with one)"
	exit 0
fi
parted=$(realpath "$parted")
unset MIG_PARTED

# theirs MACHINE ARGUMENT..., ours MACHINE ARGUMENT...: stdout, then "exit N".
theirs() {
	on=$1
	shift
	migctl sim exec "$on" --root -- "$parted" "$@" </dev/null 2>"$work/theirs.err"
	echo "exit $?"
}

# The line that names a simulated machine is not theirs.
ours() {
	on=$1
	shift
	{ MIGCTL_SIM=$on "$BUILD/libexec/migctl/shims/nvidia-mig-parted" "$@" </dev/null 2>"$work/ours.err"
		echo "exit $?"; } | grep -v '^# machine: SIMULATED '
}

# alike NAME ARGUMENT...: the two answer the same, each on its machine.
alike() {
	name=$1
	shift
	same "parted: $name" "nvidia-mig-parted $*" "$(theirs a "$@")" "$(ours b "$@")"
}

# ends_alike NAME ARGUMENT...: the two end with the same status.
ends_alike() {
	name=$1
	shift
	same "parted: $name" "nvidia-mig-parted $*" "$(theirs a "$@" | tail -n 1)" \
		"$(ours b "$@" | tail -n 1)"
}

pair() {
	machine a "$1" --driver 580.126.09 --seed 1 && machine b "$1" --driver 580.126.09 --seed 1
}

# It asks for compute instance profile 0 in a 1g of double memory. The simulated driver has only
# the profile 7 there that a listing of a real one shows; whether that one has 0 too, none says.
lacks_profile() {
	grep -q "Compute instance profile info for '1g\." "$work/theirs.err"
}

# every_config FILE: applied by both, the machines are alike, and each asserts the other's.
every_config() {
	sed -n 's/^  \([^ ]*\):$/\1/p' "$1" | tr -d '"' >"$work/labels"
	while read -r label <&3; do
		for m in a b; do migctl --sim $m disable --all --destroy >/dev/null 2>&1; done
		theirs a apply -f "$1" -c "$label" >"$work/theirs.out"
		if lacks_profile; then
			skip "parted: $gpus: $label" "whether a driver has compute instance profile 0 there is not known"
			continue
		fi
		same "parted: $gpus: apply $label" "nvidia-mig-parted apply -c $label" \
			"$(cat "$work/theirs.out")" "$(ours b apply -f "$1" -c "$label")"
		alike "$gpus: export $label" export
		same "parted: $gpus: theirs asserts our $label" "assert -c $label" \
			"$(theirs a assert -f "$1" -c "$label")" "$(theirs b assert -f "$1" -c "$label")"
		same "parted: $gpus: ours asserts their $label" "assert -c $label" \
			"$(ours b assert -f "$1" -c "$label")" "$(ours a assert -f "$1" -c "$label")"
	done 3<"$work/labels"
}

# Of a map without items JSON of theirs says null or {}, and neither means another thing.
sorted_json() {
	python3 -c 'import json, sys; print(json.dumps(json.loads(sys.stdin.read().rsplit("exit", 1)[0].replace(": null", ": {}")), sort_keys=True, indent=1))'
}

check_generated() {
	gpus=$1
	pair "$gpus" || return 0
	alike "$gpus: generate-config" generate-config
	same "parted: $gpus: generate-config in JSON" "generate-config -o json" \
		"$(theirs a generate-config -o json | sorted_json)" \
		"$(ours b generate-config -o json | sorted_json)"
	theirs a generate-config -f "$work/generated.yaml" >/dev/null
	every_config "$work/generated.yaml"
	same "parted: $gpus: export in JSON" "export -o json -l x" \
		"$(theirs a export -o json -l x | sorted_json)" \
		"$(ours b export -o json -l x | sorted_json)"
}

# What was cut by either is checkpointed to the same bytes, and restored from either's file.
check_checkpoint() {
	gpus=1xA100-SXM4-80GB,1xA30,1xH100-SXM5-80GB
	pair "$gpus" || return 0
	cat >"$work/split.yaml" <<'F'
version: v1
mig-configs:
  split:
  - {devices: [0], mig-enabled: true, mig-devices: {1c.3g.40gb: 3, 2g.20gb: 1, 1g.10gb: 1}}
  - {devices: [1], mig-enabled: false}
  - {devices: [2], mig-enabled: true, mig-devices: {1c.4g.40gb: 2, 2c.4g.40gb: 1, 1g.10gb+me: 1}}
F
	theirs a apply -f "$work/split.yaml" >/dev/null
	alike "checkpoint" checkpoint -f "$work/other.json"
	theirs a checkpoint -f "$work/theirs.json" >/dev/null
	ours a checkpoint -f "$work/ours.json" >/dev/null
	same "parted: a checkpoint is the same bytes" "checkpoint" "$(cat "$work/theirs.json")" \
		"$(cat "$work/ours.json")"
	for reader in theirs ours; do
		for writer in theirs ours; do
			migctl --sim a disable --all --destroy >/dev/null 2>&1
			same "parted: $reader restores what $writer checkpointed" "restore" \
				"MIG configuration restored successfully
exit 0" "$($reader a restore -f "$work/$writer.json")"
			theirs a checkpoint -f "$work/again.json" >/dev/null
			same "parted: $reader restored every place of $writer" "checkpoint" \
				"$(cat "$work/theirs.json")" "$(cat "$work/again.json")"
		done
	done
}

# What stands in $work/f.yaml is refused or accepted by both.
file_alike() {
	echo "$1" >"$work/f.yaml"
	ends_alike "$2 $1" assert --valid-config -f "$work/f.yaml"
}

check_files() {
	gpus=1xA100-SXM4-80GB
	pair "$gpus" || return 0
	while read -r entry; do
		file_alike "{version: v1, mig-configs: {a: [{$entry}]}}" "as valid or not:"
	done <<'F'
devices: all, mig-enabled: false
devices: [0], mig-enabled: false, mig-devices: {}
devices: all, mig-enabled: true, mig-devices: {}
devices: all, mig-enabled: true, mig-devices: {1g.10gb: 7}
devices: all, mig-enabled: true, mig-devices: {1g.10gb: 1, 2g.20gb: 0}
devices: all, mig-enabled: true, mig-devices: {1c.3g.40gb: 4}
devices: all, mig-enabled: true, mig-devices: {1g.10gb+me: 1}
device-filter: "0x20B210DE", devices: all, mig-enabled: false
device-filter: ["0x20B210DE", "0x233010DE:0x16C110DE"], devices: all, mig-enabled: false
device-filter: 0x20B210DE, devices: all, mig-enabled: false
device-filter: [], devices: all, mig-enabled: false
devices: some, mig-enabled: false
devices: 0, mig-enabled: false
devices: [zero], mig-enabled: false
devices: all
mig-enabled: false
devices: all, mig-enabled: perhaps
devices: all, mig-enabled: true
devices: all, mig-enabled: false, mig-devices: {1g.10gb: 1}
devices: all, mig-enabled: true, mig-devices: {1g.10gb: 0}
devices: all, mig-enabled: true, mig-devices: {1g.10gb: -1}
devices: all, mig-enabled: true, mig-devices: {1g.10gb: one}
devices: all, mig-enabled: true, mig-devices: {1g10gb: 1}
devices: all, mig-enabled: true, mig-devices: {1g.10gb+: 1}
devices: all, mig-enabled: true, mig-devices: {1g.10gb+me+me: 1}
devices: all, mig-enabled: true, mig-devices: [1g.10gb]
devices: all, mig-enabled: false, more: 1
F
	file_alike 'mig-configs: {a: [{devices: all, mig-enabled: false}]}' "as valid or not:"
	file_alike '{version: v2, mig-configs: {a: [{devices: all, mig-enabled: false}]}}' "as valid or not:"
	file_alike '{version: v1, mig-configs: {}}' "as valid or not:"
	file_alike '{version: v1, mig-configs: {a: []}}' "as valid or not:"
	file_alike '{version: v1, more: 1, mig-configs: {a: [{devices: all, mig-enabled: false}]}}' "as valid or not:"
	file_alike '{"version": "v1", "mig-configs": {"a": [{"devices": [0], "mig-enabled": false}]}}' "as valid or not:"
}

check_words() {
	gpus=2xH100-SXM5-80GB
	pair "$gpus" || return 0
	cp examples/partitions.yaml "$work/p.yaml"
	p=$work/p.yaml
	while read -r words; do
		# shellcheck disable=SC2086 # words of a command line
		ends_alike "the words: $words" $words
	done <<F

--version
--help
help
help apply
apply --help
destroy
apply
assert
restore
checkpoint
export -o xml
export -x
export -l
apply -f
apply -f $work/nowhere.yaml
apply -f $p
apply -f $p -c nothing
-f $p apply
assert -f $p -c all-disabled
assert -f $p -c all-enabled
assert -mf $p -c all-disabled
assert -ac all-smallest -f $p
assert -config-file=$p -selected-config all-disabled
assert -f $p -c all-enabled --valid-config
assert -f $p -c all-enabled --valid-config=false
assert -f $p -c all-enabled -a=perhaps
assert -d -f $p -c all-disabled
-d assert -f $p -c all-disabled
apply -m -f $p -c all-enabled
assert -m -f $p -c all-enabled
assert -f $p -c all-enabled
apply -s -f $p -c all-balanced
assert -f $p -c all-balanced
apply -f $p -c mixed-node
assert -f $p -c mixed-node
assert -m -f $p -c mixed-node
apply -k $work/nowhere.yaml -f $p -c all-enabled
restore -f $work/nowhere.json
F
	MIG_PARTED_CONFIG_FILE=$p MIG_PARTED_SELECTED_CONFIG=all-balanced
	export MIG_PARTED_CONFIG_FILE MIG_PARTED_SELECTED_CONFIG
	alike "variables for apply" apply
	alike "variables for assert" assert
	alike "a flag wins" assert -c all-disabled
	export MIG_PARTED_MODE_CHANGE_ONLY=T MIG_PARTED_OUTPUT_FORMAT=json MIG_PARTED_CONFIG_LABEL=mine
	alike "a variable that is a truth" assert -c all-enabled
	same "parted: variables for export" export "$(theirs a export | sorted_json)" \
		"$(ours b export | sorted_json)"
	for value in '' perhaps 0; do
		MIG_PARTED_MODE_CHANGE_ONLY=$value
		alike "a truth that is '$value'" assert -c all-balanced
	done
	MIG_PARTED_OUTPUT_FORMAT=
	ends_alike "a format that is empty" export
	unset MIG_PARTED_CONFIG_FILE MIG_PARTED_SELECTED_CONFIG MIG_PARTED_MODE_CHANGE_ONLY
	unset MIG_PARTED_OUTPUT_FORMAT MIG_PARTED_CONFIG_LABEL
}

# Which hooks run, in which order, told what; and how the two end.
check_hooks() {
	gpus=1xH100-SXM5-80GB
	pair "$gpus" || return 0
	for point in apply-start pre-apply-mode pre-apply-config apply-exit; do
		printf '  %s:\n  - {command: /bin/sh, args: [-c, "{ echo %s; env | grep ^MIG_PARTED | sort; } >>%s"]}\n' \
			$point $point "$work/ran"
	done >"$work/hooks"
	{ echo 'version: v1'; echo 'hooks:'; cat "$work/hooks"; } >"$work/hooks.yaml"
	for words in 'apply -c all-balanced' 'apply -c all-balanced' 'apply -c all-1g.10gb' \
		'apply -m -c all-disabled' 'apply -c all-disabled' 'apply -c all-smallest -s'; do
		for who in theirs ours; do
			: >"$work/ran"
			if [ $who = theirs ]; then m=a; else m=b; fi
			# shellcheck disable=SC2086
			$who $m $words -f examples/partitions.yaml -k "$work/hooks.yaml" >"$work/$who.out"
			cat "$work/ran" >>"$work/$who.out"
		done
		same "parted: hooks of $words" "nvidia-mig-parted $words -k" \
			"$(cat "$work/theirs.out")" "$(cat "$work/ours.out")"
	done
}

check_generated 1xA100-SXM4-80GB
check_generated 1xA30,1xH100-SXM5-80GB,1xA100-SXM4-40GB
check_generated 2xRTX-PRO-6000-Blackwell
check_checkpoint
check_files
check_words
check_hooks
finish
