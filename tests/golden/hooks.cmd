. tests/golden/session.sh
# hooks NAME...: a hooks file whose hooks of these names say so, and what they are told.
hooks() {
	echo 'version: v1'
	echo 'hooks:'
	for name; do
		printf '  %s:\n  - command: sh\n    args: [-c, "echo runs with $MIG_PARTED_SELECTED_CONFIG"]\n' "$name"
	done
}
all='apply-start pre-apply-mode pre-apply-config apply-exit'
f=examples/partitions.yaml
apply() {
	t migctl --sim n apply -f $f -k "$DIR/hooks.yaml" "$@"
}
t migctl sim new n --gpus 2xH100-SXM5-80GB --seed 1
# shellcheck disable=SC2086 # a list
hooks $all >"$DIR/hooks.yaml"
echo "--- the order; a dry run runs none"
apply -c all-1g.10gb -n
apply -c all-1g.10gb
echo "--- nothing differs"
apply -c all-1g.10gb
echo "--- instances differ, and no mode"
apply -c all-balanced
echo "--- modes alone"
apply -c all-disabled
apply -c all-enabled

echo "--- what cannot fit is refused before the first"
cat >"$DIR/f.yaml" <<'F'
version: v1
mig-configs:
  a:
  - devices: all
    mig-enabled: true
    mig-devices: {3g.40gb: 3}
F
t migctl --sim n apply -f "$DIR/f.yaml" -k "$DIR/hooks.yaml"

# with NAME HOOK: the file of above, but for that name.
with() {
	# shellcheck disable=SC2046
	{ hooks $(echo "$all" | sed "s/$1//"); echo "  $1:"; echo "$2"; } >"$DIR/hooks.yaml"
	echo "--- $1: $2"
}
for point in $all; do
	with $point '  - {command: "false"}'
	apply -c all-1g.10gb
	t migctl --sim n assert -f $f -c all-enabled
done
t migctl --sim n apply -f $f -c all-disabled

with apply-exit '  - {command: "false"}
  - {command: sh, args: [-c, "exit 3"]}
  - {command: echo, args: [the last one is run all the same]}'
apply -c all-enabled
with pre-apply-mode '  - {command: no-such-command, args: [a]}'
apply -c all-disabled
with pre-apply-mode '  - {command: echo, workdir: /no/such/folder}'
apply -c all-disabled
with pre-apply-mode '  - {command: pwd, workdir: /usr}'
apply -c all-disabled
with pre-apply-mode '  - {command: sh, args: [-c, "echo $A $MIG_PARTED_SELECTED_CONFIG; kill -9 $$"], envs: {A: b, MIG_PARTED_SELECTED_CONFIG: overridden}}'
apply -c all-enabled
with pre-apply-mode '  - {command: sh, args: [-c, "echo out; echo err >&2; printf half; read x || echo nothing to read"]}'
apply -c all-enabled
with pre-apply-mode '  - {command: echo, args: ["$HOME; `id` && *"]}'
apply -c all-disabled

echo "--- one that hangs, one that will not go, one that leaves a child behind"
with apply-start '  - {command: sleep, args: ["600"]}'
apply -c all-enabled --hook-timeout 1
with apply-start '  - {command: sh, args: [-c, "trap : TERM; echo I stay; sleep 600; sleep 600"]}'
apply -c all-enabled --hook-timeout 1
with apply-start '  - {command: sh, args: [-c, "sleep 7 & echo I go"]}'
apply -c all-enabled --hook-timeout 60

echo "--- one that prints a lot, and lines of any length"
with apply-start '  - {command: sh, args: [-c, "seq 100000; head -c 10000 /dev/zero"]}'
migctl --sim n apply -f $f -k "$DIR/hooks.yaml" -c all-enabled 2>"$DIR/lot" >&2
grep -c '^apply-start: [0-9]*$' "$DIR/lot"
grep '^apply-start: [?]' "$DIR/lot" | awk '{ print length($2) }'

echo "--- an interrupt stops a hook, and not those that put things back"
with apply-start '  - {command: sh, args: [-c, "echo waiting; sleep 600"]}'
migctl --sim n apply -f $f -k "$DIR/hooks.yaml" -c all-enabled >"$DIR/lot" 2>&1 &
until grep -qs waiting "$DIR/lot"; do sleep 0.1; done
kill -TERM $!
wait $!
echo "status $?"
cat "$DIR/lot"

echo "--- mistakes"
apply -c all-enabled --hook-timeout 0
apply -c all-enabled --hook-timeout soon
printf 'version: v1\nhooks:\n  apply-end: []\n' >"$DIR/hooks.yaml"
apply -c all-enabled
t migctl --sim n apply -f $f -c all-enabled -k "$DIR/nowhere.yaml"

echo "--- a layout file has no config to be named; undone, the modes are undone, too"
migctl --sim n apply -f $f -c all-disabled >"$DIR/out" 2>&1
# shellcheck disable=SC2086 # a list
hooks $all >"$DIR/hooks.yaml"
printf 'version: migctl/v1\ngpus:\n- {gpu: 0, mig-enabled: true, instances: [{profile: 3g.40gb, start: 4, name: team-a/llm}]}\n' >"$DIR/layout.yaml"
t migctl --sim n apply -f "$DIR/layout.yaml" -k "$DIR/hooks.yaml"
t migctl --sim n undo
t migctl --sim n assert -f $f -c all-disabled
