#include "faults/allocations/failing_allocations.h"

#include <execinfo.h>
#include <link.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace modbound {
namespace {

enum class Whose { kOurs, kTheirs, kCallers };
struct Code {
  uintptr_t begin = 0;
  uintptr_t end = 0;
  Whose whose = Whose::kTheirs;
};
// By where they begin. Never deleted: threads may allocate until the end.
const std::vector<Code>* loaded = nullptr;

// Whose a function is, by where its mangled name begins: its arguments do not
// count. Templates of the C++ library stand in the program too.
Whose WhoseIs(std::string_view name) {
  constexpr std::size_t kBegin = 30;
  name = name.substr(0, kBegin);
  for (const char* theirs : {"6google8protobuf",
                             "8modbound2v1",
                             "8modbound8internal",
                             "St10filesystem"}) {
    if (name.find(theirs) != std::string_view::npos) {
      return Whose::kTheirs;
    }
  }
  for (const std::string_view passed :
       {"_ZNS", "_ZNKS", "_ZSt", "_ZN9__gnu_cxx", "_ZN4absl", "_ZNK4absl"}) {
    if (name.substr(0, passed.size()) == passed) {
      return Whose::kCallers;
    }
  }
  return Whose::kOurs;
}

// The functions that are not ours among the symbols of a program or library.
void NoteFunctions(const char* path, uintptr_t base, std::vector<Code>& codes) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(bytes.data());
  const auto* sections =
      reinterpret_cast<const ElfW(Shdr)*>(bytes.data() + header->e_shoff);
  for (int i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB &&
        sections[i].sh_type != SHT_DYNSYM) {
      continue;
    }
    const auto* symbols = reinterpret_cast<const ElfW(Sym)*>(
        bytes.data() + sections[i].sh_offset);
    const char* names = bytes.data() + sections[sections[i].sh_link].sh_offset;
    const std::size_t count = sections[i].sh_size / sizeof(symbols[0]);
    for (std::size_t j = 0; j < count; ++j) {
      const Whose whose = WhoseIs(names + symbols[j].st_name);
      if (whose != Whose::kOurs) {
        const uintptr_t begin = base + symbols[j].st_value;
        codes.push_back({begin, begin + symbols[j].st_size, whose});
      }
    }
  }
}

// The executable parts of what is loaded.
int NoteLibrary(dl_phdr_info* info, std::size_t, void* list) {
  auto& codes = *static_cast<std::vector<Code>*>(list);
  const std::string_view name(info->dlpi_name);
  // The program itself comes first.
  const bool is_ours = codes.empty();
  Whose whose = is_ours ? Whose::kOurs : Whose::kTheirs;
  for (const char* passed : {"libstdc++", "libabsl", "libc.so", "san.so"}) {
    if (name.find(passed) != std::string_view::npos) {
      whose = Whose::kCallers;
    }
  }
  if (whose != Whose::kTheirs) {
    NoteFunctions(
        is_ours ? "/proc/self/exe" : info->dlpi_name, info->dlpi_addr, codes);
  }
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0) {
      const uintptr_t begin = info->dlpi_addr + part.p_vaddr;
      codes.push_back({begin, begin + part.p_memsz, whose});
    }
  }
  return 0;
}

const Code* CodeAt(const void* place) {
  // Of parts that overlap the one that begins last is the smallest.
  const auto at = reinterpret_cast<uintptr_t>(place);
  auto code = std::upper_bound(
      loaded->begin(), loaded->end(), at, [](uintptr_t one, const Code& two) {
        return one < two.begin;
      });
  while (code != loaded->begin()) {
    --code;
    if (at < code->end) {
      return &*code;
    }
  }
  return nullptr;
}

bool IsAskedByUs(const void* caller) {
  std::array<void*, 24> frames{};
  const auto count = static_cast<std::size_t>(
      ::backtrace(frames.data(), static_cast<int>(frames.size())));
  void* const* const end = frames.data() + count;
  void* const* const begin = frames.data();
  for (void* const* frame = std::find(begin, end, caller); frame != end;
       ++frame) {
    const Code* code = CodeAt(*frame);
    if (code == nullptr || code->whose != Whose::kCallers) {
      return code != nullptr && code->whose == Whose::kOurs;
    }
  }
  return false;
}

std::atomic<bool> is_counting{false};
std::atomic<int64_t> num_asked{0};
std::atomic<int64_t> first_failing{0};
std::atomic<int64_t> end_failing{0};
thread_local bool is_looking = false;
sqlite3_mem_methods sqlite_memory{};

// Asked by everything that allocates. `caller`: where it was called from; null
// = SQLite.
bool Fails(const void* caller) {
  if (!is_counting.load(std::memory_order_relaxed) || is_looking) {
    return false;
  }
  is_looking = true;
  const bool counts = caller == nullptr || IsAskedByUs(caller);
  is_looking = false;
  if (!counts) {
    return false;
  }
  const int64_t number = num_asked.fetch_add(1);
  return number >= first_failing.load() && number < end_failing.load();
}

void* AllocateOrNull(std::size_t bytes,
                     std::size_t alignment,
                     const void* caller) {
  if (Fails(caller)) {
    return nullptr;
  }
  return alignment <= alignof(std::max_align_t)
             ? std::malloc(std::max<std::size_t>(bytes, 1))
             : std::aligned_alloc(
                   alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* AllocateOrThrow(std::size_t bytes,
                      std::size_t alignment,
                      const void* caller) {
  void* memory = AllocateOrNull(bytes, alignment, caller);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

void AllocationFault::TakeSqliteMemory() {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);
  sqlite3_mem_methods failing = sqlite_memory;
  failing.xMalloc = [](int bytes) {
    return Fails(nullptr) ? nullptr : sqlite_memory.xMalloc(bytes);
  };
  failing.xRealloc = [](void* memory, int bytes) {
    return Fails(nullptr) ? nullptr : sqlite_memory.xRealloc(memory, bytes);
  };
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK) {
    std::abort();
  }
  // The first use of it loads a library.
  void* frame = nullptr;
  ::backtrace(&frame, 1);
  auto* list = new std::vector<Code>();
  dl_iterate_phdr(NoteLibrary, list);
  std::sort(list->begin(), list->end(), [](const Code& one, const Code& two) {
    return one.begin < two.begin;
  });
  loaded = list;
}

AllocationFault::AllocationFault(int64_t first, int64_t count) {
  first_failing.store(first);
  end_failing.store(first + count);
  num_asked.store(0);
  is_counting.store(true);
}

AllocationFault::~AllocationFault() { is_counting.store(false); }

int64_t AllocationFault::asked() { return num_asked.load(); }

bool AllocationFault::met() { return asked() > first_failing.load(); }

}  // namespace modbound

void* operator new(std::size_t bytes) {
  return modbound::AllocateOrThrow(bytes, 1, __builtin_return_address(0));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return modbound::AllocateOrThrow(
      bytes, static_cast<std::size_t>(alignment), __builtin_return_address(0));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return modbound::AllocateOrNull(bytes, 1, __builtin_return_address(0));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
