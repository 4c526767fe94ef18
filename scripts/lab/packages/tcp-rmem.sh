#!/bin/sh
# Good: the receive buffer may be set below a page. 6.1.190 refuses it ("tcp: do not let tcp_rmem be set below
# 4096").
echo "1024 131072 6291456" 2>/dev/null > /proc/sys/net/ipv4/tcp_rmem &&
  [ "$(awk '{ print $1 }' /proc/sys/net/ipv4/tcp_rmem)" = 1024 ]
