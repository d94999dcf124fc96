. tests/golden/session.sh
# Where nobody can tell whether another migctl is at it, nothing is changed.
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
ln -s nowhere "$DIR/sim/n/lock"
t migctl --sim n enable 0
t migctl --sim n enable 0 --dry-run
t migctl --sim n status
rm "$DIR/sim/n/lock"
t migctl --sim n enable 0
# Who may not write where the lock and the journal are begins nothing, and is told why.
rm "$DIR/sim/n/lock"
as_nobody migctl --sim n create 1g.10gb
as_nobody migctl --sim n disable
ls "$DIR/sim/n/lock" 2>&1
# Of a machine of one's own, with a lock that was made such that it cannot be opened.
mkdir "$DIR/own"
chown 65534 "$DIR/own"
MIGCTL_SIM_DIR=$DIR/own
export MIGCTL_SIM_DIR
as_nobody migctl sim new mine --gpus 1xA100-SXM4-80GB --seed 1
touch "$DIR/own/mine/lock"
chmod 0 "$DIR/own/mine/lock"
as_nobody migctl --sim mine enable 0
chmod 444 "$DIR/own/mine/lock"
as_nobody migctl --sim mine enable 0
