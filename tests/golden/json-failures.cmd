. tests/golden/session.sh
file=examples/partitions.yaml
# A change that failed says of each step and GPU what became of it.
outcomes() { "$@" --json 2>/dev/null | grep -E '"(schema|gpu|mig_mode|n_[a-z]*|outcome|gi|ci|uuid|code|status)":'; }
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
migctl --sim n apply -f $file -c all-balanced >/dev/null 2>&1
hold n 0/2/0 <<'END'
outcomes() { "$@" --json 2>/dev/null | grep -E '"(schema|gpu|mig_mode|n_[a-z]*|outcome|gi|ci|uuid|code|status)":'; }
t outcomes migctl --sim n apply -f examples/partitions.yaml -c all-disabled --atomic
t outcomes migctl --sim n destroy 0/2
t migctl --sim n apply -f examples/partitions.yaml -c all-disabled --atomic --drain-timeout 1 --json
END
migctl --sim n destroy --all >/dev/null 2>&1
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#2=UNKNOWN'
t outcomes migctl --sim n create -i 0 3g.40gb 2g.20gb
t migctl sim fault n --clear
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#2=UNKNOWN'
migctl --sim n apply -f $file -c all-1g.10gb --json 2>/dev/null | grep -cE '"outcome": "(done|undone|failed|not_begun)"'
t migctl sim fault n --clear
migctl --sim n destroy --all >/dev/null 2>&1
# With --json every failure is one document on stdout.
t migctl --sim n create -i 0 2x4g.40gb --json
t migctl --sim n destroy 0/9 --json
t migctl --sim n create --json 1g.10gb --gpus 0
t migctl --sim nobody status --json
t migctl --json stauts
t migctl --json
t migctl --sim n fit 8x1g.10gb --json
t migctl --sim n apply -f nothing.yaml --json
t migctl --sim n --json parted export
t migctl --json sim exec n -- true
cat >"$DIR/hooks.yaml" <<'END'
version: v1
hooks:
  apply-start:
  - {workdir: "/", command: "/bin/false", args: []}
END
t migctl --sim n apply -f $file -c all-balanced -k "$DIR/hooks.yaml" --json
t migctl sim fault n 'nvmlGpuInstanceCreateComputeInstance#1=kill'
killed() { sh -c '"$@"; exit' sh "$@" >/dev/null 2>&1; echo "killed: status $?"; }
killed migctl --sim n create -i 1 3g.40gb
t migctl --sim n create -i 0 1g.10gb --json
