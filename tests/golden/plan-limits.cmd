. tests/golden/session.sh
m=$DIR/models.yaml
# What MIG cannot do, and the way out.
models() { printf 'version: migctl/v1\nmodels:\n  - %s\n' "$1" >"$m"; t migctl plan "$m" --gpu-type "$2"; }
models '{name: llama-70b, memory: 140GiB}' A100-SXM4-80GB
models '{name: llama-70b, memory: 140GiB, needs: {tensor-parallel: 2}}' A100-SXM4-80GB
models '{name: game, memory: 4GiB, needs: {graphics: true}}' A100-SXM4-80GB
models '{name: game, memory: 4GiB, profile: 1g.24gb, needs: {graphics: true}}' RTX-PRO-6000-Blackwell
models '{name: game, memory: 4GiB, needs: {graphics: true}}' RTX-PRO-6000-Blackwell
models '{name: tuned, memory: 4GiB, profile: 1g.6gb, needs: {profiling: true}}' A30
models '{name: tuned, memory: 4GiB, needs: {debugger: true}}' A30
models '{name: video, memory: 4GiB, profile: 1g.10gb, needs: {nvdec: 1, ofa: 1}}' A100-SXM4-80GB
models '{name: video, memory: 4GiB, needs: {nvdec: 1, ofa: 1}}' A100-SXM4-80GB
models '{name: chat, memory: 30GiB}' A30
models '{name: tiny, memory: 300MiB}' A100-SXM4-80GB
# Rates are exact, and rounded down only where they are too large for it; needs up.
models '{name: odd, throughput: {1g.6gb: 0.1, 2g.12gb: 0.3}, needs: {throughput: 0.7}}' A30
models '{name: vast, throughput: {4g.24gb: 999999.999999}, needs: {throughput: 3000000000.5}}' A30
# Too few GPUs: what to give up.
cat >"$m" <<'END'
version: migctl/v1
models:
  - name: chat
    memory: 30GiB
    replicas: 4
  - name: ranker
    throughput: {1g.10gb: 100, 3g.40gb: 350}
    latency: {1g.10gb: 50, 3g.40gb: 20}
    needs: {throughput: 700, latency: 30}
END
t migctl plan "$m" --gpu-type A100-SXM4-80GB:2
t migctl plan "$m" --gpu-type A100-SXM4-80GB:3 --reserve 30%
t migctl plan "$m" --gpu-type A100-SXM4-80GB:3
