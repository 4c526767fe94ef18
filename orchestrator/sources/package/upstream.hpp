// From a distribution's version to upstream's. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

// "6.1.176-1" -> "v6.1.176"; "6.12.117-1~deb12u1" -> "v6.12.117"; "6.1~rc3-1~exp1" -> "v6.1-rc3";
// "5.14.0-362.8.1.el9_3" -> "v5.14". Empty when the version is not like a kernel's.
std::string upstream_tag(std::string_view version);

// A distribution's configuration for a kernel that is built without modules: what is a module is left out,
// but for the `wanted` options, which are built in. Keys of the distribution and debug information go: they
// need files and tools of its own.
std::string without_modules(std::string_view config, const std::vector<std::string>& wanted);

}  // namespace kverdict
