// A git repository with a "kernel" that builds in a second: its Makefile understands what our builder asks
// of a real one (O=, running from the output folder, allnoconfig and olddefconfig, single objects, thin
// archives) and writes kbuild's command records.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "orchestrator/core/model/candidate.hpp"
#include "orchestrator/images/build_options.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict::test {

class FakeKernel {
 public:
  FakeKernel();  // one commit, which builds

  // Writes files (an empty content removes), commits, returns the id.
  CandidateId commit(const std::map<std::string, std::string>& files);
  const CandidateId& first() const { return first_; }
  // For a build of this repository below the test's own folder.
  BuildOptions options() const;
  std::filesystem::path root() const { return directory_.path(); }
  // A file that exists makes each compilation wait for ever.
  std::filesystem::path block() const { return root() / "block"; }

 private:
  std::string git(const std::string& arguments) const;

  TemporaryDirectory directory_;
  CandidateId first_;
};

std::string shell(const std::string& command);  // output; throws when it fails

}  // namespace kverdict::test
