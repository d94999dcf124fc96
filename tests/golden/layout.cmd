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
t migctl --sim node destroy --dry-run team-a/small
t migctl --sim node destroy --all
t migctl --sim node assert -f "$DIR/kept.yaml"
t migctl --sim node apply -f "$DIR/kept.yaml"
t migctl --sim node assert -f "$DIR/kept.yaml"
# The same bytes, names among them, and the same UUIDs.
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
# A name can be given to what stands.
sed -i 's/3g.40gb}/3g.40gb, name: team-b\/llm}/' "$DIR/at.yaml"
t migctl --sim node apply -f "$DIR/at.yaml"
t migctl --sim node destroy --dry-run team-b/llm
# A driver that tells profiles only once MIG is on: the file is asked again then.
t migctl sim new old --gpus 2xA100-SXM4-80GB --driver 535.183.06 --seed 1
t migctl --sim old apply -f examples/layout.yaml
t migctl --sim old assert -f examples/layout.yaml
# Names that cannot be read keep nobody from the layout.
record=$(find "$DIR/sim" -name record | head -n 1)
echo broken >"$record"
t migctl --sim node export --layout
