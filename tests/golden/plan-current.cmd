. tests/golden/session.sh
# A plan for GPUs that are not here is carried out on a simulated node, then changed.
cat >"$DIR/m.yaml" <<'END'
version: migctl/v1
models:
  - {name: web, memory: 8GiB, replicas: 4}
  - {name: chat, memory: 30GiB}
END
t migctl plan "$DIR/m.yaml" --gpu-type A100-SXM4-80GB --layout "$DIR/l.yaml" --partitions "$DIR/p.yaml"
t cat "$DIR/l.yaml"
t cat "$DIR/p.yaml"
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n apply -f "$DIR/l.yaml"
t migctl --sim n assert -f "$DIR/l.yaml"
t migctl --sim n assert -f "$DIR/p.yaml"
# Nothing is to be moved where everything stands as it should.
t migctl --sim n plan "$DIR/m.yaml" --from-current
# More of one model: the others stay where they are.
sed -e 's/replicas: 4/replicas: 6/' "$DIR/m.yaml" >"$DIR/more.yaml"
t migctl --sim n plan "$DIR/more.yaml" --from-current --layout "$DIR/l2.yaml"
t migctl --sim n apply -f "$DIR/l2.yaml"
t migctl --sim n assert -f "$DIR/l2.yaml"
# What is held stays; so does what is to keep running.
hold n 0/7/0 <<'END'
t migctl --sim n plan "$DIR/m.yaml" --from-current
END
sed -e 's/chat, memory: 30GiB/chat, memory: 30GiB, keep-running: true/' "$DIR/m.yaml" >"$DIR/keep.yaml"
t migctl --sim n plan "$DIR/keep.yaml" --from-current --json | head -60
# A GPU with MIG off that a process is on is left out.
t migctl sim new off --gpus 2xA100-SXM4-80GB --seed 1
hold off 0 <<'END'
t migctl --sim off plan "$DIR/m.yaml" --from-current
END
