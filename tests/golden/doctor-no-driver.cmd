. tests/golden/session.sh
needs_no_driver
mkdir "$DIR/host"
t migctl doctor --root "$DIR/host"
t migctl doctor --root "$DIR/host" --json
