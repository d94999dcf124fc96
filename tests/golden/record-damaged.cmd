. tests/golden/session.sh
# A record that cannot be read keeps every change from being made: doctor says so, and status.
t migctl sim new d --gpus 1xA100-SXM4-80GB --seed 1
migctl --sim d enable >/dev/null 2>&1
migctl --sim d create 3g.40gb >/dev/null 2>&1
cp "$DIR/sim/d/record" "$DIR/whole"
echo hello >"$DIR/sim/d/record"
migctl --sim d doctor 2>&1 | grep -A1 -e ' record ' -e 'checks failed'
t migctl --sim d create 1g.10gb
head -c 400 "$DIR/whole" >"$DIR/sim/d/record"
migctl --sim d doctor 2>&1 | grep -A1 ' record '
migctl --sim d status 2>&1 | grep unknown
sed 1q "$DIR/whole" >"$DIR/sim/d/record"
migctl --sim d doctor 2>&1 | grep -A1 ' record '
migctl --sim d status 2>&1 | grep unknown
cp "$DIR/whole" "$DIR/sim/d/record"
migctl --sim d doctor 2>&1 | grep ' record '
