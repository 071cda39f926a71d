#include "server/store/network_file_system.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace modbound {
namespace {

constexpr int64_t kFuse = 0x65735546;

// Programs that put what is on other machines behind FUSE. Any other
// ("fuseblk", "fuse.fuse-overlayfs") is taken for a local disk.
constexpr auto kNetworkFuse = std::to_array<std::string_view>({
    "fuse.afpfs",       "fuse.beegfs",    "fuse.blobfuse",
    "fuse.blobfuse2",   "fuse.ceph",      "fuse.ceph-fuse",
    "fuse.curlftpfs",   "fuse.davfs",     "fuse.gcsfuse",
    "fuse.glusterfs",   "fuse.goofys",    "fuse.google-drive-ocamlfuse",
    "fuse.hdfs",        "fuse.juicefs",   "fuse.lizardfs",
    "fuse.mfs",         "fuse.mount-s3",  "fuse.mountpoint-s3",
    "fuse.nfs",         "fuse.onedriver", "fuse.quobyte",
    "fuse.rclone",      "fuse.s3fs",      "fuse.s3ql",
    "fuse.seaweedfs",   "fuse.smbnetfs",  "fuse.sshfs",
    "fuse.vmhgfs-fuse", "fuse.xtreemfs",  "virtiofs",
});

}  // namespace

std::string NetworkFileSystem(int64_t type, std::string_view mount_type) {
  switch (type) {
    case 0x6969:
      return "NFS";
    case 0x517b:
    case 0xfe534d42:
      return "SMB";
    case 0xff534d42:
      return "CIFS";
    case 0x5346414f:
      return "AFS";
    case 0x01021997:
      return "9P";
    case 0x00c36400:
      return "Ceph";
    case 0x0bd00bd0:
      return "Lustre";
    case 0x47504653:
      return "GPFS";
    case 0x19830326:
      return "BeeGFS";
    case 0x01161970:
      return "GFS2";
    case 0x7461636f:
      return "OCFS2";
    case kFuse:
      return absl::c_linear_search(kNetworkFuse, mount_type)
                 ? std::string(mount_type)
                 : "";
    default:
      return "";
  }
}

// A line: ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAG... - TYPE SOURCE OPTIONS
std::string MountType(std::istream& mountinfo, dev_t device) {
  const std::string number =
      absl::StrCat(::major(device), ":", ::minor(device));
  for (std::string line; std::getline(mountinfo, line);) {
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::ByChar(' '));
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() > 2 && fields[2] == number && fields.end() - dash > 1) {
      return dash[1];
    }
  }
  return "";
}

}  // namespace modbound
