#!/bin/busybox sh
# The machine's first program: puts a copy-on-write view of the host's files together and goes on in there.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod "$module"; done

# loose: the host's files are taken not to change meanwhile, so the machine need not ask again.
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 host /host
mount -t tmpfs -o mode=755 tmpfs /changes
mkdir /changes/upper /changes/work
mount -t overlay -o lowerdir=/host,upperdir=/changes/upper,workdir=/changes/work overlay /root

mount -t tmpfs -o mode=755 tmpfs /root/run
mkdir -p /root/run/lab /root/run/lock /root/run/dbus
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 logs /root/run/lab
for folder in proc sys dev; do mount --move /$folder /root/$folder; done
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts devpts /root/dev/pts
mount -t tmpfs tmpfs /root/dev/shm
# What udev would do.
ln -s /proc/self/fd /root/dev/fd
ln -s fd/0 /root/dev/stdin
ln -s fd/1 /root/dev/stdout
ln -s fd/2 /root/dev/stderr
hostname lab
ip link set lo up
exec switch_root /root /bin/sh /run/lab/start.sh
