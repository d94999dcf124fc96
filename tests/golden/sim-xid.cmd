. tests/golden/session.sh
# A GPU reports an error; nothing else changes.
migctl sim new node --gpus 2xA100-SXM4-80GB --seed 3 >"$DIR/new" 2>&1
t migctl --sim node enable 0
t migctl --sim node create --gpu 0 3g.40gb
t migctl sim xid node 1 79
t migctl sim xid node 0 94 --device 2
t migctl sim xid node 0 94 --device 2/0 --json
t migctl sim xid node 0 94 --device 7
t migctl sim xid node 0 94 --device here
t migctl sim xid node 2 79
t migctl sim xid node all 79
t migctl sim xid node 0 0
t migctl sim xid node 0
t migctl sim xid other 0 79
