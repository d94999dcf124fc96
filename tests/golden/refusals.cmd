. tests/golden/session.sh
# What would be done of half an answer, or of one of two, is not done.
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n create -i 0 -i 1 1g.10gb
t migctl --sim n --sim m status
t migctl --sim n apply -f examples/partitions.yaml -c all-balanced -c all-disabled
t migctl --sim n status -i 0
# Names from files and command lines move no cursor.
printf 'version: "\\e[31mred"\n' >"$DIR/escape.yaml"
t migctl --sim n apply -f "$DIR/escape.yaml"
migctl --sim "$(printf 'a\033[2Jb\302\233c')" status 2>&1 | cat -v
# A dry run of what an unfinished change would not let begin says so.
migctl --sim n enable 0 >/dev/null 2>&1
migctl --sim n create -i 0 3g.40gb 1g.10gb >/dev/null 2>&1
migctl sim fault n 'nvmlGpuInstanceDestroy#1=kill' >/dev/null 2>&1
t migctl --sim n destroy 0:3g.40gb@4
t migctl --sim n create -n -i 0 2g.20gb
t migctl --sim n apply -n -f examples/partitions.yaml -c all-balanced
t migctl --sim n undo -n
t migctl --sim n restore -n
t migctl --sim n restore
t migctl --sim n recover
t migctl --sim n create -n -i 0 2g.20gb
