. tests/golden/session.sh
file=examples/partitions.yaml
t migctl sim new n --gpus 2xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
t migctl --sim n assert -f $file -c all-disabled
t migctl --sim n diff -f $file -c all-balanced
t migctl --sim n apply -f $file -c all-balanced --dry-run
t migctl --sim n apply -f $file -c all-balanced
t migctl --sim n diff -f $file -c all-balanced
t migctl --sim n apply -f $file -c all-balanced
t migctl --sim n assert -f $file -c all-balanced
t migctl --sim n assert -f $file -c mixed-node
t migctl --sim n diff -f $file -c mixed-node --json
t migctl --sim n apply -f $file -c mixed-node
t migctl --sim n assert -f $file -c mixed-node --json
t migctl --sim n export -c kept
# What was exported brings the same devices back.
migctl --sim n export >"$DIR/kept.yaml"
t migctl --sim n apply -f $file -c all-disabled
t migctl --sim n apply -f "$DIR/kept.yaml"
t migctl --sim n assert -f "$DIR/kept.yaml"
t migctl --sim n export --json
# A config for GPUs of other kinds.
t migctl sim new other --gpus 1xA30 --seed 1
t migctl --sim other apply -f $file -c custom-config
t migctl --sim other assert -f $file -c custom-config
# What is held stays, and with --atomic so does everything else.
hold n 1/1/0 <<'EOF'
t migctl --sim n apply -f examples/partitions.yaml -c all-1g.10gb --atomic
t migctl --sim n assert -f "$DIR/kept.yaml"
t migctl --sim n apply -f examples/partitions.yaml -c all-1g.10gb
EOF
t migctl --sim n assert -f "$DIR/kept.yaml"
