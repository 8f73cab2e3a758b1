# Warnings and sanitizers of every target of ours.
# Designated initializers leave fields out on purpose, which GCC reports.
set(NACRE_WARNINGS -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
if(NACRE_WERROR)
  list(APPEND NACRE_WARNINGS -Werror)
endif()
if(NACRE_SANITIZE)
  # Instrumented code takes four times as long to optimize as it takes not to; kernels set a level of
  # their own (NacreKernels.cmake).
  add_compile_options(-O0 -fsanitize=${NACRE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${NACRE_SANITIZE})
endif()
