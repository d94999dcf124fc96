. tests/golden/session.sh
# What must stand apart, on GPUs and on nodes.
m=$DIR/models.yaml
cat >"$m" <<'END'
version: migctl/v1
models:
  - {name: web, memory: 4GiB, replicas: 3, spread: node}
  - {name: ledger, memory: 8GiB, replicas: 2, spread: gpu}
  - {name: guest, memory: 8GiB, apart-from: [ledger]}
END
t migctl plan "$m" --gpu-type A100-SXM4-80GB:6 --gpus-per-node 2 --partitions "$DIR/p.yaml"
t cat "$DIR/p.yaml"
t migctl plan "$m" --gpu-type A100-SXM4-80GB:4 --gpus-per-node 2
t migctl plan "$m" --gpu-type A100-SXM4-80GB:2
