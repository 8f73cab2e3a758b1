# kernels/cpu/*.cpp, each compiled once per instruction set into its own namespace.
set(NACRE_ISA_FLAGS_portable "")
set(NACRE_ISA_FLAGS_v2 -march=x86-64-v2)
set(NACRE_ISA_FLAGS_avx2 -march=x86-64-v3)
set(NACRE_ISA_FLAGS_avx512 -march=x86-64-v4)
set(NACRE_ISA_FLAGS_avx512_bf16 -march=x86-64-v4 -mavx512bf16 -mavx512vnni)
# Only matrix products and convolutions have instructions of their own there; the rest is AVX-512's.
set(NACRE_ISA_BASE_avx512_bf16 avx512)
set(NACRE_ISA_FILES_avx512_bf16 "/(gemm|conv|table)[^/]*$")

set(default_isas portable)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND default_isas v2 avx2 avx512 avx512_bf16)
endif()
set(NACRE_ISAS "${default_isas}" CACHE STRING
  "Instruction sets to compile kernels for; portable must be among them")

# Where every CPU has more than the portable set, it is there for comparison: small code will do.
if("v2" IN_LIST NACRE_ISAS)
  set(NACRE_ISA_OPTIMIZATION_portable -Os)
endif()

# Instrumented kernels take minutes each to optimize further.
set(kernel_optimization -O3)
if(NACRE_SANITIZE)
  set(kernel_optimization -O1)
  unset(NACRE_ISA_OPTIMIZATION_portable)
endif()

function(nacre_add_kernels target)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp/kernels/cpu/*.cpp)
  foreach(isa IN LISTS NACRE_ISAS)
    set(own_sources ${sources})
    set(base ${NACRE_ISA_BASE_${isa}})
    if(base IN_LIST NACRE_ISAS)
      list(FILTER own_sources INCLUDE REGEX ${NACRE_ISA_FILES_${isa}})
    else()
      set(base "")
    endif()
    add_library(nacre_kernels_${isa} OBJECT ${own_sources})
    target_include_directories(nacre_kernels_${isa} PRIVATE
      ${PROJECT_SOURCE_DIR}/cpp ${PROJECT_SOURCE_DIR}/cpp/include)
    target_compile_definitions(nacre_kernels_${isa} PRIVATE NACRE_ISA_NAMESPACE=${isa}
      $<$<BOOL:${base}>:NACRE_ISA_BASE=${base}>)
    target_compile_options(nacre_kernels_${isa} PRIVATE ${NACRE_WARNINGS} ${kernel_optimization}
      ${NACRE_ISA_OPTIMIZATION_${isa}} ${NACRE_ISA_FLAGS_${isa}}
      -fno-math-errno -fno-trapping-math -ffp-contract=fast)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:nacre_kernels_${isa}>)
    string(TOUPPER ${isa} upper)
    target_compile_definitions(${target} PRIVATE NACRE_HAVE_ISA_${upper})
    if(NACRE_TESTS AND NOT NACRE_SANITIZE)
      add_test(NAME kernel_symbols_${isa}
        COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DISA=${isa}
          "-DOBJECTS=$<JOIN:$<TARGET_OBJECTS:nacre_kernels_${isa}>,,>"
          -P ${PROJECT_SOURCE_DIR}/cmake/CheckKernelSymbols.cmake)
    endif()
  endforeach()
endfunction()
