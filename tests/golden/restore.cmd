. tests/golden/session.sh
# Hopper forgets its MIG mode at a reboot, Ampere keeps it.
t migctl sim new n --gpus 1xH100-SXM5-80GB,1xA100-SXM4-80GB --seed 1
t migctl --sim n restore
t migctl --sim n undo
t migctl --sim n enable --all
t migctl --sim n create -i 0 3x1c.3g.40gb@4 1g.10gb@2
t migctl --sim n create -i 1 3g.40gb@0
t migctl --sim n status --json >"$DIR/before"
t migctl sim reboot n
t migctl --sim n undo
t migctl --sim n restore --dry-run
t migctl --sim n restore
t migctl --sim n status --json >"$DIR/after"
diff "$DIR/before" "$DIR/after" && echo "the very same, UUIDs and all"
t migctl --sim n restore --json
# undo takes back the last change, not the restore; and once more it is done again.
t migctl --sim n undo --dry-run
t migctl --sim n undo
t migctl --sim n undo
# What somebody else did since the last change is not undone with it.
migctl sim exec n -- migctl smi mig -i 0 -cgi 19 >/dev/null 2>&1
t migctl --sim n destroy 0/7
t migctl --sim n undo --json
migctl sim reset n 1 >/dev/null 2>&1
t migctl --sim n undo
t migctl --sim n restore
# Where the mode is gone and switching it takes a reset, a person has to say so.
cp "$DIR/sim/n/record" "$DIR/kept"
t migctl --sim n disable 1 --destroy
cp "$DIR/kept" "$DIR/sim/n/record"
t migctl --sim n restore
t migctl --sim n enable 1
t migctl --sim n restore
t migctl --sim n disable 1 --destroy
t migctl --sim n undo
hold n 1/1/0 <<'EOF'
t migctl --sim n undo
EOF
t migctl --sim n save --dry-run
t migctl --sim n save
t migctl --sim n save --json
# Another machine's record, and a damaged one.
t migctl sim new other --gpus 1xA30 --seed 2
cp "$DIR/sim/n/record" "$DIR/sim/other/record"
t migctl --sim other enable 0
t migctl --sim other restore
echo nonsense >"$DIR/sim/other/record"
t migctl --sim other status
t migctl --sim other restore
rm "$DIR/sim/other/record"
t migctl --sim other save
