. tests/golden/session.sh
# Hooks are told every flag of the command by its variable, over what they say themselves.
p="migctl --sim n parted"
f=examples/partitions.yaml
t migctl sim new n --gpus 1xH100-SXM5-80GB --seed 1
{
	echo 'version: v1'
	echo 'hooks:'
	for name in apply-start pre-apply-mode pre-apply-config apply-exit; do
		echo "  $name:"
		echo '  - command: /bin/sh'
		echo '    args: ["-c", "env | grep ^MIG_PARTED | sort; echo $MINE"]'
		echo '    envs: {MINE: is mine, MIG_PARTED_CONFIG_FILE: not mine}'
	done
} >"$DIR/hooks.yaml"
t $p apply -f $f -c all-balanced -k "$DIR/hooks.yaml"
t $p checkpoint -f "$DIR/cp.json"
t $p apply -m -s -f $f -c all-disabled -k "$DIR/hooks.yaml"
t $p restore -f "$DIR/cp.json" -k "$DIR/hooks.yaml"
echo "--- the only config of a file is named by its label"
printf 'version: v1\nmig-configs: {only: [{devices: all, mig-enabled: true, mig-devices: {}}]}\n' >"$DIR/one.yaml"
t env MIG_PARTED_HOOKS_FILE="$DIR/hooks.yaml" $p apply -f "$DIR/one.yaml"
echo "--- one that fails before the instances: the modes go back, and apply-exit runs"
t $p apply -f $f -c all-disabled
cat >"$DIR/hooks.yaml" <<'F'
version: v1
hooks:
  pre-apply-mode:
  - {command: echo, args: [mode]}
  pre-apply-config:
  - {command: sh, args: [-c, "exit 4"]}
  apply-exit:
  - {command: echo, args: [exit]}
F
t $p apply -f $f -c all-balanced -k "$DIR/hooks.yaml"
t $p assert -f $f -c all-disabled
t $p restore -f "$DIR/cp.json" -k "$DIR/hooks.yaml"
t $p assert -f $f -c all-disabled
echo "--- what went with its GPU's mode comes back under its name"
t migctl sim new m --gpus 2xH100-SXM5-80GB --seed 1
t migctl --sim m enable 0
t migctl --sim m create -i 0 3g.40gb@4 1g.10gb@0
t migctl --sim m create -i 0 2g.20gb@2 --name team-a/llm
printf 'version: v1\nmig-configs:\n  other:\n  - {devices: [0], mig-enabled: false, mig-devices: {}}\n  - {devices: [1], mig-enabled: true, mig-devices: {7g.80gb: 1}}\n' >"$DIR/other.yaml"
t migctl --sim m parted apply -f "$DIR/other.yaml" -k "$DIR/hooks.yaml"
t migctl --sim m status
t migctl --sim m recover
