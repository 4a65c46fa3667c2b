# SPDX-License-Identifier: Apache-2.0
"""The house rules hold in this tree, and the checker sees what breaks them."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from harness import ROOT

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


def check(root):
    return subprocess.run([sys.executable, ROOT / "scripts" / "house-rules", root], capture_output=True, text=True, check=False)


class HouseRules(unittest.TestCase):
    def test_this_tree_keeps_them(self):
        result = check(ROOT)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_what_breaks_them_is_seen(self):
        broken = {
            "api/a.cpp": LICENCE + '#include "actors/engine.hpp"\n',
            "core/b.cpp": LICENCE + "#include <caf/all.hpp>\n",
            "core/model/c.cpp": LICENCE + "#include <waybill/plugin.h>\n",
            "plugins/x/d.cpp": LICENCE + '#include "core/service.hpp"\n',
            "actors/e.cpp": LICENCE + 'auto s = "SELECT id FROM tasks";\n',
            "core/f.hpp": LICENCE + "int f();\n",
            "cli/g.cpp": "int g();\n",
            "node/h.cpp": LICENCE + "#include <restinio/all.hpp>\n",
        }
        for name, text in broken.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as root:
                file = pathlib.Path(root, name)
                file.parent.mkdir(parents=True)
                file.write_text(text)
                result = check(root)
                self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
                self.assertEqual(len(result.stdout.splitlines()), 1, result.stdout)

    def test_what_keeps_them_passes(self):
        good = {
            "api/a.cpp": LICENCE + '#include "api/a.hpp"\n#include "core/service.hpp"\n#include <restinio/all.hpp>\n',
            "core/plugin_host/b.cpp": LICENCE + "#include <waybill/plugin.h>\n",
            "actors/c.cpp": LICENCE + '#include <caf/all.hpp>\n#include "core/service.hpp"\n',
            "plugins/x/d.cpp": LICENCE + '#include "schema.hpp"\n#include <waybill/plugin.h>\n',
        }
        with tempfile.TemporaryDirectory() as root:
            for name, text in good.items():
                file = pathlib.Path(root, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            self.assertEqual(check(root).stdout, "")


if __name__ == "__main__":
    unittest.main()
