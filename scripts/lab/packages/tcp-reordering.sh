#!/bin/sh
# Good: the kernel takes a senseless value. 6.1.180 bounds it ("net: ipv4: bound TCP reordering sysctl writes
# and MTU probe sizes").
echo -1 2>/dev/null > /proc/sys/net/ipv4/tcp_reordering && [ "$(cat /proc/sys/net/ipv4/tcp_reordering)" = -1 ]
