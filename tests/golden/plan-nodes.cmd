. tests/golden/session.sh
cat >"$DIR/m.yaml" <<'END'
version: migctl/v1
models:
  - {name: web, memory: 8GiB, replicas: 30}
  - {name: chat, memory: 30GiB, replicas: 6}
  - {name: small, memory: 5GiB, replicas: 5}
END
cat >"$DIR/n.yaml" <<'END'
version: migctl/v1
nodes:
  - {name: rack1, gpu-type: A100-SXM4-80GB, gpus: 4, count: 2}
  - {name: old, gpu-type: A30, gpus: 4, usd-per-h: 0.6}
END
# Where money counts, the cheap GPUs are taken.
printf 'version: migctl/v1\nmodels:\n  - {name: small, memory: 5GiB, replicas: 5}\n' >"$DIR/small.yaml"
t migctl plan "$DIR/small.yaml" --nodes "$DIR/n.yaml" --objective money,headroom
t migctl plan "$DIR/small.yaml" --nodes "$DIR/n.yaml" --objective gpus,headroom
t migctl plan "$DIR/m.yaml" --nodes "$DIR/n.yaml" --layout "$DIR/l.yaml"
mkdir "$DIR/layouts"
t migctl plan "$DIR/m.yaml" --nodes "$DIR/n.yaml" --layout "$DIR/layouts" --partitions "$DIR/p.yaml"
t ls "$DIR/layouts"
t cat "$DIR/p.yaml"
# Thousands of GPUs are told by kind.
sed -e 's/replicas: 30/replicas: 30000/' "$DIR/m.yaml" >"$DIR/many.yaml"
t migctl plan "$DIR/many.yaml" --gpu-type H100-SXM5-80GB --gpus-per-node 8
t migctl plan "$DIR/many.yaml" --gpu-type H100-SXM5-80GB --layout "$DIR/l.yaml"
# Very many kinds of GPU: the layouts.
awk 'BEGIN { print "version: migctl/v1\nmodels:"; for (i = 0; i < 200; i++) printf "  - {name: m%d, profile: %s, replicas: %d}\n", i, i % 2 ? "1g.10gb" : "3g.40gb", 3 + i % 5 }' >"$DIR/kinds.yaml"
migctl plan "$DIR/kinds.yaml" --gpu-type A100-SXM4-80GB >"$DIR/printed"
sed -n -e 2p -e '/^layouts/,$p' "$DIR/printed"
