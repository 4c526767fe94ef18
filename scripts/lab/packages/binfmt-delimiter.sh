#!/bin/sh
# Good: a flag character is taken for the delimiter. 6.1.187 refuses it ("binfmt_misc: reject a flag character as
# the field delimiter"). 125: the kernel has no binfmt_misc, nothing can be said.
mkdir -p /tmp/binfmt
mount -t binfmt_misc none /tmp/binfmt || exit 125
echo 'FprobeFEFFprobeFF/bin/trueF' 2>/dev/null > /tmp/binfmt/register && [ -e /tmp/binfmt/probe ]
