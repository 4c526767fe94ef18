// A folder with configuration files, and the inputs of a process that runs in it: no other place is looked
// at.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "orchestrator/cli/load.hpp"

namespace kverdict {

class Loading : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "kv-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = std::filesystem::canonical(name);
    inputs_.directory = folder_;
    inputs_.system_file = folder_ / "etc/kverdict/config.toml";
    inputs_.environment["HOME"] = (folder_ / "home").string();
  }

  // Only what SetUp made, whatever a test does to the inputs.
  void TearDown() override {
    if (folder_.filename().string().starts_with("kv-config-")) std::filesystem::remove_all(folder_);
  }

  std::filesystem::path put(const std::filesystem::path& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  std::vector<std::string> problems() const { return texts(read_config(inputs_).problems); }

  // Of what fits together, with the folder's name taken out.
  std::vector<std::string> misfits(Need need) const {
    return texts(check_config(read_config(inputs_), need));
  }

  std::vector<std::string> texts(const std::vector<Problem>& problems) const {
    std::vector<std::string> lines;
    for (const Problem& problem : problems) {
      std::string line = to_text(problem);
      for (std::size_t at; (at = line.find(folder_.string())) != std::string::npos;) {
        line.replace(at, folder_.string().size(), "DIR");
      }
      lines.push_back(line);
    }
    return lines;
  }

  const std::filesystem::path& folder() const { return folder_; }

  ConfigInputs inputs_;

 private:
  std::filesystem::path folder_;
};

}  // namespace kverdict
