# Layout files: what stands is exported, everything is destroyed, and apply brings back the same.
. tests/golden/session.sh
t migctl sim new node --gpus 2xA100-SXM4-80GB,1xA30 --seed 1
sed '/^version/a machine: {kind: simulated, name: node}' examples/layout.yaml >"$DIR/wanted.yaml"
t migctl --sim node assert -f "$DIR/wanted.yaml"
t migctl --sim node diff -f "$DIR/wanted.yaml"
t migctl --sim node apply -f "$DIR/wanted.yaml"
t migctl --sim node assert -f "$DIR/wanted.yaml"
t migctl --sim node diff -f "$DIR/wanted.yaml"
t migctl --sim node export --layout
t migctl --sim node export --layout --json
migctl --sim node export --layout >"$DIR/kept.yaml"
migctl --sim node status --json >"$DIR/before.json"
t migctl --sim node destroy --all
t migctl --sim node assert -f "$DIR/kept.yaml"
t migctl --sim node apply -f "$DIR/kept.yaml"
t migctl --sim node assert -f "$DIR/kept.yaml"
# The same bytes, and the same UUIDs.
migctl --sim node export --layout >"$DIR/again.yaml"
t cmp "$DIR/kept.yaml" "$DIR/again.yaml"
migctl --sim node status --json >"$DIR/after.json"
t cmp "$DIR/before.json" "$DIR/after.json"
# A compute instance that stands elsewhere is moved, and nothing else.
# at SLICE: a file that wants one compute instance of GPU 0's first GPU instance there.
at() {
	cat >"$DIR/at.yaml" <<EOF
version: migctl/v1
gpus:
  - gpu: 0
    mig-enabled: true
    instances:
      - {profile: 3g.40gb, start: 0, compute-instances: [{profile: 1c.3g.40gb, start: $1}]}
      - {profile: 3g.40gb}
EOF
}
at 1
t migctl --sim node apply -f "$DIR/at.yaml"
at 2
t migctl --sim node assert -f "$DIR/at.yaml"
t migctl --sim node assert -f "$DIR/at.yaml" --json
t migctl --sim node diff -f "$DIR/at.yaml"
t migctl --sim node apply -f "$DIR/at.yaml"
t migctl --sim node assert -f "$DIR/at.yaml"
# None at all is said too.
sed -i 's/\[{profile: 1c.*}\]/[]/' "$DIR/at.yaml"
t migctl --sim node assert -f "$DIR/at.yaml"
# What a partition file calls applied, and this one cannot say.
printf 'version: v1\nmig-configs:\n  a:\n  - {devices: [0], mig-enabled: true, mig-devices: {1c.3g.40gb: 1, 3g.40gb: 1}}\n' \
	>"$DIR/a.yaml"
t migctl --sim node assert -f "$DIR/a.yaml"
