#ifndef MODBOUND_SERVER_STORE_DISK_RESERVE_H_
#define MODBOUND_SERVER_STORE_DISK_RESERVE_H_

#include <cstdint>
#include <string>

namespace modbound {

// DATA_DIR/reserve, a file of kBytes that does nothing but hold its room on the
// disk. Our own growing writes stop at kReservedDiskBytes of free space; other
// programs do not. When they have filled the disk almost to the last byte the
// file goes, so that the store's next changes (cancel, delete, ends of jobs)
// find room; it comes back when kReservedDiskBytes are free beside it. Until
// then no new work is accepted or started, since kBytes < kReservedDiskBytes.
// On file systems that copy on write (btrfs, ZFS) and under quotas the room is
// less certain. Not safe from two threads.
class DiskReserve {
 public:
  static constexpr int64_t kBytes = int64_t{8} << 20;
  // Fewer free bytes than this are as good as none: a transaction takes some
  // ten KiB.
  static constexpr int64_t kLowBytes = int64_t{2} << 20;

  // Takes over the file that is there.
  explicit DiskReserve(const std::string& data_dir);

  // Releases the room, or takes it, as the free space of the disk asks for.
  void Adjust();
  // For a write that found the disk full although Adjust did not.
  void Release();
  bool held() const { return held_; }

 private:
  void Take();

  std::string data_dir_;
  std::string path_;
  bool held_ = false;
  // The file system does not let us: not tried again.
  bool unavailable_ = false;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_DISK_RESERVE_H_
