. tests/golden/session.sh
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n enable --all
t migctl --sim n create -i 0 3x1c.3g.40gb 2g.20gb 1g.10gb
t migctl --sim n create -i 1 7x1g.10gb
t migctl --sim n destroy 0:0
t migctl --sim n destroy 0
t migctl --sim n destroy
t migctl --sim n destroy 0/9
t migctl --sim n destroy 0/2/7
t migctl --sim n destroy 0:7g.80gb@0
t migctl --sim n destroy 1:1g.10gb
t migctl --sim n destroy 7/1/0
t migctl --sim n destroy MIG-00000000-0000-0000-0000-000000000000
t migctl --sim n destroy nonsense
# One wrong name, and nothing goes.
t migctl --sim n destroy 0/2 0/9
uuid=$(migctl --sim n status 0 | sed -n 's/.* 2g.20gb@.*\(MIG-[0-9a-f-]*\)$/\1/p')
t migctl --sim n destroy "$uuid" --dry-run
t migctl --sim n destroy "$uuid"
t migctl --sim n destroy "$uuid"
t migctl --sim n destroy 0/2/1
t migctl --sim n destroy --keep-gi 0/2/0 0/2/2
t migctl --sim n destroy 0:3g.40gb@4
t migctl --sim n status 0
hold n 1/7/0 <<'EOF'
t migctl --sim n destroy 1/7
t migctl --sim n destroy 1/8 1/7/0
t migctl --sim n destroy --all
t migctl --sim n destroy 1/8
# What it calls itself does not reach the terminal as it is.
printf 'a\033[31m\377b' >/proc/$$/comm
t migctl --sim n destroy 1/7
EOF
t migctl --sim n destroy --all 0 --json
t migctl --sim n create -i 0 4g.40gb 3g.40gb
t migctl --sim n destroy --all
t migctl --sim n destroy --all
# Of whatever is named only compute instances go.
migctl --sim n create -i 0 3x1c.3g.40gb@4 2g.20gb@0 1g.10gb@2 >/dev/null 2>&1
t migctl --sim n destroy --keep-gi 0/2
t migctl --sim n destroy --keep-gi 0:2g.20gb@0
t migctl --sim n destroy --keep-gi --all 0
t migctl --sim n destroy --keep-gi --all 0
t migctl --sim n destroy 0/2
# A GPU instance that answers "in use" for a while after its last compute instance went.
t migctl sim new slow --gpus 1xA100-SXM4-80GB --seed 1 --settle 50
t migctl --sim slow enable
t migctl --sim slow create 3g.40gb
t migctl --sim slow destroy --all
