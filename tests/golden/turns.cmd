# Two migctl at once: the second waits. An interrupt waits until the change is whole.
. tests/golden/session.sh
quiet() { "$@" >/dev/null 2>&1; }
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1 --settle 800
quiet migctl --sim n enable 0
quiet migctl --sim n create 4g.40gb

echo "# while a destroy is under way"
migctl --sim n destroy --all >"$DIR/first" 2>&1 &
first=$!
sleep 0.3
t migctl --sim n create 7g.80gb --no-wait
t migctl --sim n create 7g.80gb
wait $first
echo "the first ended with $?"

echo "# an interrupt in the middle of a change"
migctl --sim n destroy --all >"$DIR/second" 2>&1 &
second=$!
sleep 0.3
kill -TERM $second
exec 3>&2 2>/dev/null # the shell's own word on it
wait $second
status=$?
exec 2>&3
echo "it ended with $status, by the signal, and had said:"
cat "$DIR/second"
t migctl --sim n status
