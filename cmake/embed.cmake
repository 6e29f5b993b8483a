# Script mode: writes OUTPUT, a C++ file that registers each of FILES (separated by |, relative to ROOT) as a string literal.
string(REPLACE "|" ";" FILES "${FILES}")
set(text "#include \"scenarios/reader/embedded.hpp\"\n\nnamespace {\nconst flotilla::reader::EmbeddedFiles kFiles({\n")
foreach(file IN LISTS FILES)
  file(READ ${ROOT}/${file} content)
  string(APPEND text "    {\"${file}\", R\"embedded(${content})embedded\"},\n")
endforeach()
string(APPEND text "});\n}  // namespace\n\nextern \"C\" int flotilla_embedded_${NAME};\nint flotilla_embedded_${NAME} = 0;\n")
file(WRITE ${OUTPUT} "${text}")
