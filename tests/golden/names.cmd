. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
t migctl --sim n enable
t migctl --sim n create 3g.40gb@4 --name team-a/llm
t migctl --sim n create 2x1g.10gb --name team-a/small
t migctl --sim n create 1g.10gb --name 0/2
t migctl --sim n create 1g.10gb --name MIG-1
t migctl --sim n create 1g.10gb --name team-a/small
t migctl --sim n status
migctl --sim n status --json | grep '"name": "team'
t migctl --sim n destroy team-b
t migctl --sim n destroy team-a/small
t migctl --sim n status
t migctl --sim n create 2g.20gb@0 --name b
t migctl sim reboot n
t migctl --sim n destroy b
t migctl --sim n restore
t migctl --sim n destroy b
# The GPU was reset, and somebody made something at the place of that name: another instance with
# the same UUID. The name is refused.
cp "$DIR/sim/n/record" "$DIR/kept"
migctl --sim n destroy --all >/dev/null 2>&1
migctl --sim n create 1c.3g.40gb@4 >/dev/null 2>&1
cp "$DIR/kept" "$DIR/sim/n/record"
t migctl --sim n status
t migctl --sim n destroy team-a/llm
