"""Writes commits into a new repository through git fast-import."""

import os
import subprocess


class Repository:
    """One fast-import run. Commits are named by marks until close()."""

    def __init__(self, folder):
        self.folder = folder
        self._git("init", "-q", "-b", "master", folder, cwd=None)
        self._import = subprocess.Popen(
            ["git", "-c", "core.compression=1", "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", "--force",
             "--depth=0", "--export-marks=" + os.path.join(os.path.abspath(folder), ".git", "marks.tmp")],
            cwd=folder, stdin=subprocess.PIPE)
        self._out = self._import.stdin
        self._marks = 0

    def _git(self, *arguments, cwd):
        subprocess.run(["git", *arguments], cwd=cwd, check=True)

    def _data(self, content):
        self._out.write(b"data %d\n" % len(content) + content + b"\n")

    def begin(self, author, when, message, parents=()):
        """Starts a commit; put() its files next. Returns its mark."""
        self._marks += 1
        stamp = f"{author} {when} +0000"
        self._out.write(f"commit refs/heads/master\nmark :{self._marks}\nauthor {stamp}\ncommitter {stamp}\n".encode())
        self._data(message.encode())
        for index, parent in enumerate(parents):
            self._out.write(f"{'merge' if index else 'from'} :{parent}\n".encode())
        return self._marks

    def put(self, path, mode, content):
        self._out.write(f"M {mode} inline {path}\n".encode())
        self._data(content)

    def tag(self, name, mark):
        self._out.write(f"reset refs/tags/{name}\nfrom :{mark}\n\n".encode())

    def close(self):
        """Ends the import and checks the tip out. Returns mark -> commit id."""
        self._out.close()
        if self._import.wait() != 0:
            raise OSError(f"{self.folder}: git fast-import failed")
        marks = os.path.join(self.folder, ".git", "marks.tmp")
        with open(marks, encoding="ascii") as lines:
            ids = {int(mark[1:]): commit for mark, commit in (line.split() for line in lines)}
        os.unlink(marks)
        self._git("reset", "-q", "--hard", "master", cwd=self.folder)
        return ids
