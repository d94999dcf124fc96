# A driver before R545 tells no profiles while MIG is off: modes are switched first.
. tests/golden/session.sh
file=examples/partitions.yaml
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1 --driver 535.161.08
t migctl --sim n profiles
t migctl --sim n apply -f $file -c all-balanced --dry-run
t migctl --sim n apply -f $file -c all-balanced
t migctl --sim n apply -f $file -c all-balanced
t migctl --sim n disable 1 --destroy
# What is held is found before a mode is switched.
hold n 0/2/0 <<'EOF'
t migctl --sim n apply -f examples/partitions.yaml -c all-1g.10gb
EOF
t migctl --sim n status
t migctl --sim n apply -f $file -c all-disabled
hold n 0 <<'EOF'
t migctl --sim n apply -f examples/partitions.yaml -c all-1g.10gb
EOF
t migctl --sim n status
