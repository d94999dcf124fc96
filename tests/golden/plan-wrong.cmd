. tests/golden/session.sh
m=$DIR/models.yaml
printf 'version: migctl/v1\nmodels:\n  - {name: a, memory: 4GiB}\n' >"$m"
t migctl plan
t migctl plan "$DIR/none.yaml" --gpu-type A30
t migctl plan "$m"
t migctl plan "$m" --gpu-type A30 --from-current
t migctl plan "$m" --gpu-type A31
t migctl plan "$m" --gpu-type A30:0
t migctl plan "$m" --gpu-type A30:many
t migctl plan "$m" --gpu-type A30,A30:3
t migctl plan "$m" --gpu-type GB300-278GB,
t migctl plan "$m" --gpu-type A30 --objective speed
t migctl plan "$m" --gpu-type A30 --objective gpus,gpus
t migctl plan "$m" --gpu-type A30 --objective money
t migctl plan "$m" --gpu-type A30 --price A30
t migctl plan "$m" --gpu-type A30 --price A30=nan
t migctl plan "$m" --gpu-type A30 --price A30=1e9
t migctl plan "$m" --gpu-type A30 --price A30=9999999
t migctl plan "$m" --gpu-type A30 --price H200-141GB=3
t migctl plan "$m" --gpu-type A30 --reserve 10%
t migctl plan "$m" --gpu-type A30:4 --reserve 100%
t migctl plan "$m" --gpu-type A30:4 --reserve 10
t migctl plan "$m" --gpu-type A30 --gpus-per-node 0
t migctl plan "$m" --nodes "$DIR/none.yaml"
t migctl plan "$m" --gpu-type A30 --layout "$DIR/no/such/folder"
# Node lists.
n=$DIR/nodes.yaml
nodes() { printf 'version: migctl/v1\nnodes:\n%s\n' "$1" >"$n"; t migctl plan "$m" --nodes "$n"; }
nodes '  []'
nodes '  - {name: a/b, gpu-type: A30, gpus: 1}'
nodes '  - {name: a, gpu-type: A31, gpus: 1}'
nodes '  - {name: a, gpu-type: A30, gpus: 65}'
nodes '  - {name: a, gpu-type: A30, gpus: 1, count: 0}'
nodes '  - {name: a, gpu-type: A30, gpus: 1, usd-per-h: .inf}'
nodes '  - {name: a, gpu-type: A30, gpu: 1}'
nodes '  - {name: a, gpu-type: A30, gpus: 1}
  - {name: a, gpu-type: A30, gpus: 1}'
# Models files: the unit tests have the rest.
models() { printf 'version: migctl/v1\nmodels:\n%s\n' "$1" >"$m"; t migctl plan "$m" --gpu-type A100-SXM4-80GB; }
models '  - {name: a, memory: 4}'
models '  - {name: a, memory: 4GiB, replica: 3}'
models '  - {name: a, hf-config: config.json, dtype: fp16}'
models '  - {name: a, profile: 3g.41gb}'
models '  - {name: a, profile: A100-SXM4-8GB/3g.40gb}'
