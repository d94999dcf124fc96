. tests/golden/session.sh
# A GPU that another was put in place of: the record of it is taken out, and nothing else.
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n save --forget 0
t migctl --sim n enable --all
t migctl --sim n create -i 0 3g.40gb --name team-a/llm
printf 'version: migctl/v1\ngpus:\n  - gpu: 1\n    mig-enabled: true\n    instances: [{profile: 3g.40gb, name: a}, {profile: 3g.40gb, name: b}]\n' >"$DIR/layout.yaml"
t migctl --sim n apply -f "$DIR/layout.yaml"
# On record the second GPU had another UUID.
was=$(migctl --sim n smi -L | sed -n 's/^GPU 1: .*UUID: \(GPU-.*\))/\1/p')
sed -i "s/$was/GPU-11111111-2222-3333-4444-555555555555/g" "$DIR/sim/n/record"
t migctl sim reset n
t migctl --sim n restore
t migctl --sim n restore
t migctl --sim n undo
t migctl --sim n save --forget GPU-00000000-0000-0000-0000-000000000000
t migctl --sim n save --forget 1
t migctl --sim n save --forget GPU-11111111-2222-3333-4444-555555555555 --dry-run
t migctl --sim n save --forget GPU-11111111-2222-3333-4444-555555555555
t migctl --sim n restore
t migctl --sim n undo
t migctl --sim n resolve a
t migctl --sim n resolve team-a/llm
# One that is here, by its index: it is left as it is, and not brought back.
t migctl --sim n save --forget 0 --json
t migctl --sim n resolve team-a/llm
t migctl --sim n status 0
t migctl --sim n restore
# While one is lost nobody knows which is gone.
t migctl --sim n save
sed -i "s/$was/GPU-11111111-2222-3333-4444-555555555555/g" "$DIR/sim/n/record"
t migctl sim lost n 0
t migctl --sim n restore
