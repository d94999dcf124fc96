. tests/golden/session.sh
# Images that are no images.
t migctl sim new n --gpus 1xA30 --seed 1
truncate -s 1000 "$DIR/sim/n/image"
t migctl --sim n status
t migctl --sim n enable
t migctl sim reset n
t migctl sim list
t migctl sim rm n
mkdir "$DIR/sim/foreign" "$DIR/sim/none" "$DIR/sim/folder" "$DIR/sim/folder/image"
head -c 300000 /dev/zero >"$DIR/sim/foreign/image"
t migctl --sim foreign status
t migctl --sim none status
t migctl --sim folder status
t migctl sim exec foreign -- migctl status
t migctl sim list
# A simulated driver that is no library, or another one.
t migctl sim new n --gpus 1xA30 --seed 1
mkdir -p "$DIR/inst/lib/migctl/sim"
cp -r "$BUILD/bin" "$DIR/inst/"
cp -P "$BUILD"/lib/libmig.so* "$DIR/inst/lib/" || skip "$BUILD/lib has no libmig.so"
lib=$DIR/inst/lib/migctl/sim/libnvidia-ml.so.1
echo 'not a library' >"$lib"
t "$DIR/inst/bin/migctl" --sim n status
rm "$lib"
ln -s "$DIR/inst/lib/libmig.so.0" "$lib"
t "$DIR/inst/bin/migctl" --sim n status
