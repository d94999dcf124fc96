. tests/golden/session.sh
f=examples/partitions.yaml
t migctl sim new n --gpus 1xH100-SXM5-80GB --seed 1
t migctl --sim n apply -f $f -c all-balanced
hold n 0/2/0 <<'T'
t migctl --sim n apply -f examples/partitions.yaml -c all-1g.10gb
t migctl --sim n apply -f examples/partitions.yaml -c all-1g.10gb --drain-timeout 1
t migctl --sim n apply -f examples/partitions.yaml -c all-balanced --drain-timeout 60
t migctl --sim n apply -f examples/partitions.yaml -c all-1g.10gb --drain-timeout long
# An interrupt ends the wait at once.
migctl --sim n apply -f examples/partitions.yaml -c all-1g.10gb --drain-timeout 600 2>"$DIR/err" &
until grep -qs waiting "$DIR/err"; do sleep 0.1; done
kill -TERM $!
wait $!
echo "status $?"
steady <"$DIR/err"
T
echo "--- somebody who ends by themselves is waited for"
migctl sim tenant n --device 0/2/0 -- \
	sh -c 'touch "$DIR/held"; until [ -e "$DIR/go" ]; do sleep 0.1; done' &
until [ -e "$DIR/held" ]; do sleep 0.1; done
{ sleep 1; touch "$DIR/go"; } &
migctl --sim n apply -f $f -c all-1g.10gb --drain-timeout 60 >"$DIR/out" 2>"$DIR/err"
echo "status $?"
steady <"$DIR/err"
steady <"$DIR/out"
wait
echo "--- restore waits as well"
cp "$DIR/sim/n/record" "$DIR/kept"
t migctl --sim n apply -f $f -c all-balanced
cp "$DIR/kept" "$DIR/sim/n/record"
hold n 0/2/0 <<'T'
t migctl --sim n restore --drain-timeout 1
t migctl --sim n restore --drain-timeout long
T
t migctl --sim n restore --drain-timeout 60
echo "--- who is on a GPU whose mode is to be switched is in the way, too"
t migctl sim new a --gpus 1xA100-SXM4-80GB --seed 1
hold a 0 <<'T'
t migctl --sim a apply -f examples/partitions.yaml -c all-balanced --drain-timeout 1
migctl --sim a status | grep GPU
T
