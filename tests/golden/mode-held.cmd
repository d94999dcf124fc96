. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
hold n 0 <<'EOF'
t migctl --sim n enable 0
t migctl --sim n status 0
t migctl --sim n create -i 0 3g.40gb
t migctl --sim n enable 0 --reset
t migctl --sim n enable --all
t migctl --sim n enable 0 --json
EOF
t migctl --sim n enable 0 --reset
t migctl --sim n disable 0
hold n 0 <<'EOF'
t migctl --sim n apply -f examples/partitions.yaml -c all-balanced
t migctl --sim n status 0
EOF
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb
hold n 0/2/0 <<'EOF'
t migctl --sim n disable 0
t migctl --sim n disable 0 --destroy
t migctl sim reset n
t migctl sim rm n
t migctl sim list
EOF
t migctl --sim n status 0
# From Hopper on the driver refuses at once: who is on the GPU is known before that.
migctl --sim n disable 1 --destroy >/dev/null 2>&1
hold n 1 <<'EOF'
t migctl --sim n enable 1
t migctl --sim n enable 1 --reset
t migctl --sim n enable 1 --dry-run
t migctl --sim n apply -f examples/partitions.yaml -c all-balanced --atomic
migctl --sim n diff -f examples/partitions.yaml -c all-balanced | steady | grep held
EOF
