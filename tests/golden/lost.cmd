. tests/golden/session.sh
# A GPU that fell off the bus, seen by every verb: the others are shown, and can be changed.
t migctl sim new n --gpus 3xA100-SXM4-80GB --seed 1
t migctl --sim n enable 0 1
t migctl --sim n create -i 0 3g.40gb 1g.10gb
t migctl --sim n create -i 1 7g.80gb --name team-a/llm
lost=$(migctl --sim n smi -L | sed -n 's/^GPU 1: .*UUID: \(GPU-.*\))/\1/p')
uuid=$(migctl --sim n smi -L | sed -n 's/.*MIG 7g.*UUID: \(MIG-.*\))/\1/p')
t migctl sim lost n 1
t migctl --sim n status
t migctl --sim n status --json | grep -A 4 '"is_lost": true'
t migctl --sim n status 1
t migctl --sim n resolve 0:0
t migctl --sim n resolve 1
t migctl --sim n resolve "$uuid"
t migctl --sim n resolve 1/0
t migctl --sim n smi -L
t migctl --sim n smi
t migctl --sim n smi mig -i 0 -lgi
t migctl --sim n profiles --gpu 1
t migctl --sim n export
t migctl --sim n export --json
t migctl --sim n who | grep -A 1 '^GPU'
t migctl --sim n who 1 --json | grep -A 1 '"index"'
echo '--- a file that means every GPU'
printf 'version: v1\nmig-configs:\n  all:\n  - devices: all\n    mig-enabled: true\n    mig-devices: {3g.40gb: 2}\n' >"$DIR/all.yaml"
t migctl --sim n diff -f "$DIR/all.yaml"
t migctl --sim n apply -f "$DIR/all.yaml" --dry-run
t migctl --sim n apply -f "$DIR/all.yaml"
t migctl --sim n diff -f "$DIR/all.yaml"
t migctl --sim n assert -f "$DIR/all.yaml"
t migctl --sim n assert -f "$DIR/all.yaml" --json
echo '--- a file that names it, and one that does not'
printf 'version: v1\nmig-configs:\n  c:\n  - devices: [0, 1]\n    mig-enabled: true\n    mig-devices: {7g.80gb: 1}\n' >"$DIR/named.yaml"
t migctl --sim n apply -f "$DIR/named.yaml"
sed -i 's/\[0, 1\]/[0, 2]/' "$DIR/named.yaml"
t migctl --sim n apply -f "$DIR/named.yaml"
t migctl --sim n assert -f "$DIR/named.yaml"
echo '--- layout files'
t migctl --sim n export --layout
t migctl --sim n export --layout --json | grep -A 3 gpus_lost
printf 'version: migctl/v1\ngpus:\n  - gpus: all\n    mig-enabled: true\n    instances: [{profile: 7g.80gb}]\n' >"$DIR/layout.yaml"
t migctl --sim n diff -f "$DIR/layout.yaml"
t migctl --sim n assert -f "$DIR/layout.yaml"
t migctl --sim n apply -f "$DIR/layout.yaml"
sed -i "s/gpus: all/gpus: [0, 1]/" "$DIR/layout.yaml"
t migctl --sim n apply -f "$DIR/layout.yaml"
sed -i "s/gpus: \[0, 1\]/gpu: $lost/" "$DIR/layout.yaml"
t migctl --sim n apply -f "$DIR/layout.yaml"
echo '--- what is on record'
t migctl --sim n resolve team-a/llm
t migctl --sim n destroy team-a/llm
t migctl --sim n restore
t migctl --sim n save
t migctl sim lost n 1 --back
t migctl --sim n resolve team-a/llm | grep instance_name
t migctl sim lost n 1
echo '--- changes by name'
t migctl --sim n enable 1
t migctl --sim n enable --all
t migctl --sim n disable --all --destroy --json
t migctl --sim n create -i 1 3g.40gb
t migctl --sim n destroy 1/0
t migctl --sim n destroy 1 --all
t migctl --sim n destroy --all
echo '--- all are lost'
t migctl sim lost n 0
t migctl sim lost n 2
t migctl --sim n status
t migctl --sim n profiles
t migctl --sim n export
