. tests/golden/session.sh
# A driver that does not tell where a compute instance is in its GPU instance: the id stands for it.
cat >"$DIR/layout.yaml" <<'END'
version: migctl/v1
gpus:
  - gpu: 0
    mig-enabled: true
    instances:
      - profile: 3g.20gb
        start: 4
        compute-instances:
          - {profile: 1c.3g.20gb, name: a}
          - {profile: 1c.3g.20gb, name: b}
          - {profile: 1c.3g.20gb, name: c}
END
named() {
	for name in a b c; do
		t migctl --sim n resolve $name | grep -E '^(ids|instance_name|migctl)'
	done
}
t migctl sim new n --gpus 1xA100-SXM4-40GB --seed 1 --driver 450.80.02
t migctl --sim n apply -f "$DIR/layout.yaml"
named
t migctl --sim n destroy b
named
t migctl --sim n undo
named
t migctl sim reboot n
named
t migctl --sim n restore
named
# A name goes with its instance, though another of the same id and UUID comes.
migctl sim exec n -- migctl smi mig -i 0 -gi 2 -dci -ci 1,2 >/dev/null 2>&1
migctl sim exec n -- migctl smi mig -i 0 -gi 2 -cci 1 >/dev/null 2>&1
named
t migctl --sim n apply -f "$DIR/layout.yaml"
named
