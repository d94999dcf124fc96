. tests/golden/session.sh
# Plans made by hand, whose proofs can be followed on paper: tests/unit/verify_test.c.
cp tests/plans/*.json "$DIR"
cd "$DIR"
t migctl plan --verify fixed.json
t migctl plan --verify moves.json
t migctl plan --verify apart.json
t migctl plan --verify infeasible.json
t migctl plan --verify moves.json --json
# One unit more than is proved.
change() { echo "--- $2.json, $1"; sed "$1" "$2.json" >changed.json; t migctl plan --verify changed.json; }
change 's/"denominator": 7/"denominator": 6/' fixed
change 's/"3g.40gb": 3/"3g.40gb": 4/' fixed
change 's/^     11$/     12/' covers
change 's/"bound": 2/"bound": 3/' apart
change 's/"need": 1,/"need": 1.5,/' fixed
change 's/A100-SXM4-80GB/A100-SXM4-81GB/' fixed
t migctl plan --verify changed.json --json
change 's/"is_kept": true/"is_kept": false/' moves
t migctl plan --verify changed.json --json
t migctl plan --verify none.json
t migctl plan --verify fixed.json --gpu-type A30
# What plan prints is verified: one GPU type, several, nodes with rules, and a machine as it is.
verified() { migctl plan "$@" --json >plan.json 2>err || cat err; t migctl plan --verify plan.json; }
cat >m.yaml <<'END'
version: migctl/v1
models:
  - {name: sentiment, memory: 3GiB, replicas: 5, spread: gpu}
  - name: ranker
    throughput: {1g.10gb: 183.6, 2g.20gb: 337.8, 3g.40gb: 545.0, 7g.80gb: 684.3, 1g.6gb: 110, 2g.12gb: 205.5}
    needs: {throughput: 1900}
    replicas: 2
END
verified m.yaml --gpu-type A100-SXM4-80GB
verified m.yaml --gpu-type A100-SXM4-80GB:4,A30:8 --objective money,gpus,headroom --price A30=0.60
verified m.yaml --gpu-type A30:16 --gpus-per-node 2
migctl sim new node --gpus 6xA100-SXM4-80GB >/dev/null 2>&1
migctl --sim node enable >/dev/null 2>&1
migctl --sim node create --gpu 1 3g.40gb 2x1g.10gb >/dev/null 2>&1
verified --sim node m.yaml --from-current
migctl plan m.yaml --gpu-type A30:1 --json >plan.json 2>/dev/null
t migctl plan --verify plan.json
# Through a pipe, as both are filters.
t migctl plan - --gpu-type B200-180GB <<'END'
version: migctl/v1
models:
  - {name: big, profile: 7g.180gb}
END
migctl plan m.yaml --gpu-type A100-SXM4-80GB --json 2>/dev/null | t migctl plan --verify -
